INSERT INTO JobReady (Queue, DueAt, JobId) VALUES (?1, ?2, ?3)
