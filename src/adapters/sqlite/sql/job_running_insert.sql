INSERT INTO JobRunning (JobId, Queue, ServerId, Fence, Attempt) VALUES (?1, ?2, ?3, ?4, ?5)
