-- Purpose: fills the catalogue when it is empty.
-- Parameters: @P1 nvarchar, the products as a JSON array (migrations/catalogue.json).
-- Results: none.
-- Locks: runs under the migration lock only.
SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
INSERT INTO dbo.products (sku, name, category, vendor, image_url, discount, billing_period, is_subscription, price_cents, stock, created_at, updated_at)
SELECT s.sku, s.name, s.category, s.vendor, s.image_url, s.discount, s.billing_period, s.is_subscription, s.price_cents, s.stock, @now, @now
FROM OPENJSON(@P1) WITH (
    sku nvarchar(64) '$.externalProductId',
    name nvarchar(200) '$.name',
    category nvarchar(100) '$.category',
    vendor nvarchar(200) '$.vendor',
    image_url nvarchar(400) '$.imageUrl',
    discount int '$.discount',
    billing_period nvarchar(10) '$.billingPeriod',
    is_subscription bit '$.isSubscription',
    price_cents bigint '$.priceCents',
    stock int '$.stock'
) AS s
WHERE NOT EXISTS (SELECT 1 FROM dbo.products);
