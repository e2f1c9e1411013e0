INSERT INTO JobSucceeded (FinishedAt, JobId) VALUES (?1, ?2)
