-- Purpose: outbox entries of one order after a version, published or not.
-- Parameters: @P1 bigint order; @P2 int version; @P3 bigint, how many at most.
-- Results: the entries, oldest first.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT TOP (@P3) CONVERT(bigint, o.Sequence) AS Sequence, o.EventId, o.CorrelationId, o.OrderId, o.Status, o.OccurredAt, o.TraceParent,
    o.Version
FROM dbo.Outbox AS o
WHERE o.OrderId = @P1
    AND COALESCE(o.Version, CASE o.Status WHEN N'ACCEPTED' THEN 1 WHEN N'PROCESSING' THEN 2 WHEN N'CANCELLED' THEN 2 ELSE 3 END) > @P2
ORDER BY o.Sequence;
