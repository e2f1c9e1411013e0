-- Deleted or not: replays a stored answer.
SELECT Id, CorrelationId, Status, CreatedAt, UpdatedAt, (SELECT COUNT(*) FROM OrderHistory h WHERE h.OrderId = o.Id)
FROM "Order" o 
WHERE Id = ?1
