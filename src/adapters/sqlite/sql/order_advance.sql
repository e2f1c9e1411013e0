UPDATE "Order" SET Status = ?3, UpdatedAt = ?4 WHERE Id = ?1 AND Status = ?2
