-- Purpose: makes a failed job due again with its attempts set back.
--   Running it again with the same request id after a lost answer reports its own success.
-- Parameters: @P1 bigint job; @P2 uniqueidentifier request id.
-- Results: (affected bigint), 0 when the job is not failed.
-- Locks: the job's row.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @changed bigint;

BEGIN TRANSACTION;

UPDATE dbo.jobs
SET finished_state = NULL, finished_at = NULL, attempts = 0, settled_by = @P2
WHERE id = @P1 AND finished_state = N'Failed';
SET @changed = @@ROWCOUNT;

INSERT INTO dbo.job_queue (queue, due_at, job_id, attempts, fence)
SELECT j.queue, @now, j.id, 0, j.fence FROM dbo.jobs AS j WHERE j.id = @P1 AND @changed = 1;

SELECT COUNT_BIG(*) AS affected FROM dbo.jobs AS j WHERE j.id = @P1 AND j.settled_by = @P2;

COMMIT TRANSACTION;
