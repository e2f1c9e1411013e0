-- Purpose: the job servers that are announced.
-- Parameters: none.
-- Results: one row per server, oldest first.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT s.Name, s.WorkerCount, s.Queues, s.StartedAt, s.LastHeartbeatAt FROM jobs.JobServer AS s ORDER BY s.Id;
