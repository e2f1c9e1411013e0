-- Purpose: sets what is left of a product that is for sale.
-- Parameters: @P1 nvarchar SKU; @P2 int pieces, or NULL: the product cannot run out.
-- Results: (Affected bigint), 0 when the product is not for sale.
-- Locks: the product's row.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @affected bigint;

UPDATE dbo.Product SET Stock = @P2, UpdatedAt = @now WHERE Sku = @P1 AND IsActive = 1 AND IsDeleted = 0;
SET @affected = @@ROWCOUNT;

SELECT @affected AS Affected;
