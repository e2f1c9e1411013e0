-- Purpose: announces a job server and starts its heartbeat.
-- Parameters: @P1 nvarchar server id; @P2 int worker count; @P3 nvarchar queues as a JSON array.
-- Results: none.
-- Locks: key range of the server id.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());

BEGIN TRANSACTION;

UPDATE dbo.job_servers WITH (UPDLOCK, HOLDLOCK)
SET worker_count = @P2, queues = @P3, last_heartbeat_at = @now
WHERE server_id = @P1;

INSERT INTO dbo.job_servers (server_id, worker_count, queues, started_at, last_heartbeat_at)
SELECT @P1, @P2, @P3, @now, @now
WHERE NOT EXISTS (SELECT 1 FROM dbo.job_servers WHERE server_id = @P1);

COMMIT TRANSACTION;
