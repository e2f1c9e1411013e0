-- Purpose: what completed orders brought each vendor.
-- Parameters: @P1 bigint from; @P2 bigint before.
-- Results: (Vendor nvarchar; Orders bigint; Pieces bigint; Cents bigint), those that earned most first.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT p.Vendor, COUNT_BIG(DISTINCT o.Id) AS Orders, SUM(CONVERT(bigint, i.Quantity)) AS Pieces,
    SUM(i.UnitPriceCents * i.Quantity) AS Cents
FROM dbo.[Order] AS o
INNER JOIN dbo.OrderItem AS i ON i.OrderId = o.Id
INNER JOIN dbo.Product AS p ON p.Sku = i.Sku
WHERE o.Status = N'COMPLETED' AND o.IsDeleted = 0 AND o.CreatedAt >= @P1 AND o.CreatedAt < @P2
GROUP BY p.Vendor
ORDER BY SUM(i.UnitPriceCents * i.Quantity) DESC, p.Vendor;
