-- Purpose: fills the catalogue when it is empty.
-- Parameters: @P1 nvarchar, the products as a JSON array (migrations/catalogue.json).
-- Results: none.
-- Locks: runs under the migration lock only.
SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
INSERT INTO dbo.Product (Sku, Name, Category, Vendor, ImageUrl, Discount, BillingPeriod, IsSubscription, PriceCents, Stock, CreatedAt, UpdatedAt)
SELECT s.Sku, s.Name, s.Category, s.Vendor, s.ImageUrl, s.Discount, s.BillingPeriod, s.IsSubscription, s.PriceCents, s.Stock, @now, @now
FROM OPENJSON(@P1) WITH (
    Sku nvarchar(64) '$.externalProductId',
    Name nvarchar(200) '$.name',
    Category nvarchar(100) '$.category',
    Vendor nvarchar(200) '$.vendor',
    ImageUrl nvarchar(400) '$.imageUrl',
    Discount int '$.discount',
    BillingPeriod nvarchar(10) '$.billingPeriod',
    IsSubscription bit '$.isSubscription',
    PriceCents bigint '$.priceCents',
    Stock int '$.stock'
) AS s
WHERE NOT EXISTS (SELECT 1 FROM dbo.Product);
