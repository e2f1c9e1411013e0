DELETE FROM JobSucceeded WHERE FinishedAt = ?1 AND JobId = ?2
