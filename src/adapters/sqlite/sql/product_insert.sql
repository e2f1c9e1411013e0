INSERT INTO Product
  (Sku, Name, Category, Vendor, ImageUrl, Discount, BillingPeriod, IsSubscription, PriceCents, Stock, CreatedAt, UpdatedAt)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)
