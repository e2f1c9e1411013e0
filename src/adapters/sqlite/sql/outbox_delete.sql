DELETE FROM Outbox WHERE Sequence = ?1
