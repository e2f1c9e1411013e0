-- Purpose: one product that is for sale.
-- Parameters: @P1 nvarchar SKU.
-- Results: the product, or no row.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT p.sku, p.name, p.category, p.vendor, p.image_url, p.discount, p.billing_period, p.is_subscription, p.price_cents, p.stock
FROM dbo.products AS p
WHERE p.sku = @P1 AND p.is_active = 1 AND p.is_deleted = 0;
