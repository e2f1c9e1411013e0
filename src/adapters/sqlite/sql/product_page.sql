SELECT Sku, Name, Category, Vendor, ImageUrl, Discount, BillingPeriod, IsSubscription, PriceCents, Stock
FROM Product
WHERE IsActive = 1 AND IsDeleted = 0
ORDER BY Category, Name, Sku
LIMIT ?1 OFFSET ?2
