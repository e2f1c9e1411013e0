-- Purpose: the job servers that are announced.
-- Parameters: none.
-- Results: one row per server, oldest first.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT s.server_id, s.worker_count, s.queues, s.started_at, s.last_heartbeat_at FROM dbo.job_servers AS s ORDER BY s.number;
