-- Purpose: where an order stands, whoever owns it, deleted or not.
-- Parameters: @P1 uniqueidentifier correlation id.
-- Results: the order's snapshot, or no row.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT o.Id, o.CorrelationId, c.UserId, o.Status, o.UpdatedAt,
    (SELECT COUNT(*) FROM dbo.OrderHistory AS h WHERE h.OrderId = o.Id) AS Version
FROM dbo.[Order] AS o
INNER JOIN dbo.Customer AS c ON c.Id = o.CustomerId
WHERE o.CorrelationId = @P1;
