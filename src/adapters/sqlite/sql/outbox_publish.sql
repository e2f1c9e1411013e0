UPDATE Outbox SET PublishedAt = ?2 WHERE Sequence = ?1 AND PublishedAt IS NULL
