-- Purpose: outbox entries after a sequence, published or not.
-- Parameters: @P1 bigint sequence; @P2 bigint, how many at most.
-- Results: the entries, oldest first; none that an open transaction could still precede.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
DECLARE @horizon binary(8) = MIN_ACTIVE_ROWVERSION();
SELECT TOP (@P2) CONVERT(bigint, o.Sequence) AS Sequence, o.EventId, o.CorrelationId, o.OrderId, o.Status, o.OccurredAt, o.TraceParent,
    o.Version
FROM dbo.Outbox AS o
WHERE o.Sequence > CONVERT(binary(8), @P1) AND o.Sequence < @horizon
ORDER BY o.Sequence;
