INSERT INTO JobServer (Name, WorkerCount, Queues, StartedAt, LastHeartbeatAt) VALUES (?1, ?2, ?3, ?4, ?4)
ON CONFLICT (Name) DO UPDATE SET WorkerCount = ?2, Queues = ?3, LastHeartbeatAt = ?4
