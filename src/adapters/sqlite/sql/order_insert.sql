INSERT INTO "Order" (CorrelationId, CustomerId, Status, TotalCents, CreatedAt, UpdatedAt) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
