DELETE FROM IdempotencyRecord
WHERE CreatedAt <= ?1 AND Id IN (SELECT Id FROM IdempotencyRecord ORDER BY Id LIMIT ?2)
