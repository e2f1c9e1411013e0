DELETE FROM JobRunning WHERE ServerId = ?1 RETURNING JobId, Fence, Queue, Attempt
