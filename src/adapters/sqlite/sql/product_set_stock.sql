UPDATE Product SET Stock = ?2, UpdatedAt = ?3 WHERE Sku = ?1 AND IsActive = 1 AND IsDeleted = 0
