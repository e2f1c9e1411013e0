UPDATE Product SET Stock = Stock + ?2, UpdatedAt = ?3 WHERE Id = ?1 AND Stock IS NOT NULL
