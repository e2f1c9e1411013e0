SELECT EXISTS (SELECT 1 FROM Outbox WHERE PublishedAt IS NULL AND ClaimedUntil <= ?1)
