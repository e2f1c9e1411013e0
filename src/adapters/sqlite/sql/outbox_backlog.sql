SELECT COUNT(*), MIN(OccurredAt) FROM Outbox WHERE PublishedAt IS NULL
