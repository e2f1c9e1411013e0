INSERT INTO Customer (UserId, CreatedAt, UpdatedAt) VALUES (?1, ?2, ?2)
