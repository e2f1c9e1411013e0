-- Purpose: where an owner's order stands.
-- Parameters: @P1 varbinary user digest; @P2 bigint order.
-- Results: the order's snapshot; no row when it is unknown, deleted or somebody else's.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT o.Id, o.CorrelationId, c.UserId, o.Status, o.UpdatedAt,
    (SELECT COUNT(*) FROM dbo.OrderHistory AS h WHERE h.OrderId = o.Id) AS Version
FROM dbo.[Order] AS o
INNER JOIN dbo.Customer AS c ON c.Id = o.CustomerId
WHERE o.Id = @P2 AND o.IsDeleted = 0 AND c.UserDigest = @P1;
