INSERT INTO JobFailed (JobId, Queue, FailedAt) VALUES (?1, ?2, ?3)
