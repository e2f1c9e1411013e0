SELECT Sequence, EventId, CorrelationId, OrderId, Status, OccurredAt, TraceParent, Version
FROM Outbox
WHERE OrderId = ?1 AND COALESCE(Version, CASE Status WHEN 'ACCEPTED' THEN 1 WHEN 'PROCESSING' THEN 2 WHEN 'CANCELLED' THEN 2 ELSE 3 END) > ?2
ORDER BY Sequence
LIMIT ?3
