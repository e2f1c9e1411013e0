-- Purpose: renews a job server's sign of life.
-- Parameters: @P1 nvarchar server id.
-- Results: (affected bigint), 0 when the server was declared dead.
-- Locks: the server's row.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
UPDATE dbo.job_servers
SET last_heartbeat_at = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME())
WHERE server_id = @P1;
SELECT CONVERT(bigint, @@ROWCOUNT) AS affected;
