-- Purpose: a part of the catalogue.
-- Parameters: @P1 bigint offset, @P2 bigint size.
-- Results: (Total bigint); the products, by category, name and SKU.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT COUNT_BIG(*) AS Total FROM dbo.Product WHERE IsActive = 1 AND IsDeleted = 0;
SELECT p.Sku, p.Name, p.Category, p.Vendor, p.ImageUrl, p.Discount, p.BillingPeriod, p.IsSubscription, p.PriceCents, p.Stock
FROM dbo.Product AS p
WHERE p.IsActive = 1 AND p.IsDeleted = 0
ORDER BY p.Category, p.Name, p.Sku
OFFSET @P1 ROWS FETCH NEXT @P2 ROWS ONLY;
