-- Purpose: outbox entries after a sequence, published or not.
-- Parameters: @P1 bigint sequence; @P2 bigint, how many at most.
-- Results: the entries, oldest first; none that an open transaction could still precede.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
DECLARE @horizon binary(8) = MIN_ACTIVE_ROWVERSION();
SELECT TOP (@P2) CONVERT(bigint, o.position) AS sequence, o.event_id, o.correlation_id, o.order_id, o.status, o.occurred_at, o.trace_parent
FROM dbo.outbox AS o
WHERE o.position > CONVERT(binary(8), @P1) AND o.position < @horizon
ORDER BY o.position;
