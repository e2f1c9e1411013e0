-- Purpose: announces a job server and starts its heartbeat.
-- Parameters: @P1 nvarchar server name; @P2 int worker count; @P3 nvarchar queues, separated by commas.
-- Results: none.
-- Locks: key range of the server's name.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());

BEGIN TRANSACTION;

UPDATE jobs.JobServer WITH (UPDLOCK, HOLDLOCK)
SET WorkerCount = @P2, Queues = @P3, LastHeartbeatAt = @now
WHERE Name = @P1;

INSERT INTO jobs.JobServer (Name, WorkerCount, Queues, StartedAt, LastHeartbeatAt)
SELECT @P1, @P2, @P3, @now, @now
WHERE NOT EXISTS (SELECT 1 FROM jobs.JobServer WHERE Name = @P1);

COMMIT TRANSACTION;
