SELECT COUNT(*)
FROM "Order"
WHERE CustomerId = ?1 AND IsDeleted = 0 AND CreatedAt >= ?2 AND CreatedAt < ?3 AND (?4 IS NULL OR Status = ?4)
