SELECT Sku, Name, Category, Vendor, ImageUrl, Discount, BillingPeriod, IsSubscription, PriceCents, Stock
FROM Product
WHERE Sku = ?1 AND IsActive = 1 AND IsDeleted = 0
