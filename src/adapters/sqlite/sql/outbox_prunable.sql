SELECT Sequence FROM Outbox WHERE PublishedAt <= ?1 ORDER BY Sequence LIMIT ?2
