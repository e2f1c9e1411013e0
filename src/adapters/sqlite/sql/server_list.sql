SELECT Name, WorkerCount, Queues, StartedAt, LastHeartbeatAt FROM JobServer ORDER BY StartedAt, Id
