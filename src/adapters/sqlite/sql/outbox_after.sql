SELECT Sequence, EventId, CorrelationId, OrderId, Status, OccurredAt, TraceParent
FROM Outbox
WHERE Sequence > ?1
ORDER BY Sequence
LIMIT ?2
