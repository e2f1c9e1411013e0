SELECT o.Id, o.CorrelationId, c.UserId, o.Status, o.UpdatedAt
FROM "Order" o JOIN Customer c ON c.Id = o.CustomerId
WHERE o.Id = ?1 AND o.IsDeleted = 0
