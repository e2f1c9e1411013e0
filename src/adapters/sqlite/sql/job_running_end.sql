DELETE FROM JobRunning WHERE JobId = ?1 AND Fence = ?2 AND ServerId = ?3 RETURNING Queue, Attempt
