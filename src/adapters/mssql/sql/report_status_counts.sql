-- Purpose: how many orders stand where.
-- Parameters: @P1 bigint from; @P2 bigint before.
-- Results: (Status nvarchar; Orders bigint).
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT o.Status, COUNT_BIG(*) AS Orders
FROM dbo.[Order] AS o
WHERE o.CreatedAt >= @P1 AND o.CreatedAt < @P2 AND o.IsDeleted = 0
GROUP BY o.Status;
