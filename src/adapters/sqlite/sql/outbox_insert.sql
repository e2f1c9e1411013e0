INSERT INTO Outbox (EventId, CorrelationId, OrderId, Status, Version, OccurredAt, TraceParent, ClaimedUntil)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
