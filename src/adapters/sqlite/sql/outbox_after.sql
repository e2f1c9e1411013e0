SELECT Sequence, EventId, CorrelationId, OrderId, Status, OccurredAt, TraceParent, Version
FROM Outbox
WHERE Sequence > ?1
ORDER BY Sequence
LIMIT ?2
