UPDATE Outbox SET ClaimedUntil = ?2
WHERE Sequence IN (SELECT Sequence FROM Outbox WHERE PublishedAt IS NULL AND ClaimedUntil <= ?1 ORDER BY Sequence LIMIT ?3)
RETURNING Sequence, EventId, CorrelationId, OrderId, Status, OccurredAt, TraceParent, Version
