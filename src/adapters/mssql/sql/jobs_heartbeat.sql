-- Purpose: renews a job server's sign of life.
-- Parameters: @P1 nvarchar server name.
-- Results: (Affected bigint), 0 when the server was declared dead.
-- Locks: the server's row.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
UPDATE jobs.JobServer
SET LastHeartbeatAt = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME())
WHERE Name = @P1;
SELECT CONVERT(bigint, @@ROWCOUNT) AS Affected;
