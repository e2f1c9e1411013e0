SELECT o.Id, o.CorrelationId, o.Status, o.CreatedAt, o.UpdatedAt, (SELECT COUNT(*) FROM OrderHistory h WHERE h.OrderId = o.Id)
FROM "Order" o JOIN Customer c ON c.Id = o.CustomerId
WHERE o.Id = ?1 AND o.IsDeleted = 0 AND c.UserId = ?2
