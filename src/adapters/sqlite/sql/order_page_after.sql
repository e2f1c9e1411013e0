SELECT Id, CorrelationId, Status, CreatedAt, UpdatedAt, (SELECT COUNT(*) FROM OrderHistory h WHERE h.OrderId = o.Id)
FROM "Order" o
WHERE CustomerId = ?1 AND IsDeleted = 0 AND CreatedAt >= ?2 AND CreatedAt < ?3 AND (?4 IS NULL OR Status = ?4)
  AND (CreatedAt, Id) < (?5, ?6)
ORDER BY CreatedAt DESC, Id DESC
LIMIT ?7
