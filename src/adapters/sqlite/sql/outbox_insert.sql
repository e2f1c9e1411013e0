INSERT INTO Outbox (EventId, CorrelationId, OrderId, Status, OccurredAt, TraceParent) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
