-- Purpose: a part of the catalogue.
-- Parameters: @P1 bigint offset, @P2 bigint size.
-- Results: (total bigint); the products, by category, name and SKU.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT COUNT_BIG(*) AS total FROM dbo.products WHERE is_active = 1 AND is_deleted = 0;
SELECT p.sku, p.name, p.category, p.vendor, p.image_url, p.discount, p.billing_period, p.is_subscription, p.price_cents, p.stock
FROM dbo.products AS p
WHERE p.is_active = 1 AND p.is_deleted = 0
ORDER BY p.category, p.name, p.sku
OFFSET @P1 ROWS FETCH NEXT @P2 ROWS ONLY;
