SELECT COUNT(*) FROM Product WHERE IsActive = 1 AND IsDeleted = 0
