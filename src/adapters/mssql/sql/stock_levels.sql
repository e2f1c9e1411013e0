-- Purpose: what is left of every limited product that is for sale.
-- Parameters: none.
-- Results: (Sku, Stock).
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT p.Sku, p.Stock FROM dbo.Product AS p WHERE p.Stock IS NOT NULL AND p.IsActive = 1 AND p.IsDeleted = 0;
