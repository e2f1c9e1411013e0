SELECT o.Id, o.CorrelationId, c.UserId, o.Status, o.UpdatedAt, (SELECT COUNT(*) FROM OrderHistory h WHERE h.OrderId = o.Id)
FROM "Order" o JOIN Customer c ON c.Id = o.CustomerId
WHERE o.Id = ?1 AND o.IsDeleted = 0
