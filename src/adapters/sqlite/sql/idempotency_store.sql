-- Only a record too old to count can be in the way.
INSERT OR REPLACE INTO IdempotencyRecord (CustomerId, Key, Fingerprint, OrderId, CreatedAt) VALUES (?1, ?2, ?3, ?4, ?5)
