UPDATE "Order" SET IsDeleted = 1, UpdatedAt = ?2 WHERE Id = ?1
