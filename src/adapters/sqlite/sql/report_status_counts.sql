SELECT Status, COUNT(*)
FROM "Order"
WHERE CreatedAt >= ?1 AND CreatedAt < ?2 AND IsDeleted = 0
GROUP BY Status
