UPDATE Job SET DueAt = ?2, Attempts = 0 WHERE Id = ?1
