-- Deleted or not: replays a stored answer.
SELECT Id, CorrelationId, Status, CreatedAt, UpdatedAt FROM "Order" WHERE Id = ?1
