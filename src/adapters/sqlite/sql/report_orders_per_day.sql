SELECT CreatedAt / 86400000000 AS Day, COUNT(*), SUM(TotalCents)
FROM "Order"
WHERE CreatedAt >= ?1 AND CreatedAt < ?2 AND IsDeleted = 0
GROUP BY Day
ORDER BY Day
