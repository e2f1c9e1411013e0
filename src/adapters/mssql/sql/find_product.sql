-- Purpose: one product that is for sale.
-- Parameters: @P1 nvarchar SKU.
-- Results: the product, or no row.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT p.Sku, p.Name, p.Category, p.Vendor, p.ImageUrl, p.Discount, p.BillingPeriod, p.IsSubscription, p.PriceCents, p.Stock
FROM dbo.Product AS p
WHERE p.Sku = @P1 AND p.IsActive = 1 AND p.IsDeleted = 0;
