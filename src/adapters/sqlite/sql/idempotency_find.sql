SELECT Fingerprint, OrderId FROM IdempotencyRecord WHERE CustomerId = ?1 AND Key = ?2 AND CreatedAt > ?3
