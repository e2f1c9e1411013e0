-- Purpose: makes a failed job due again with its attempts set back.
-- Parameters: @P1 bigint job.
-- Results: (Affected bigint), 0 when the job is not failed.
-- Locks: the job's rows.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @taken TABLE (JobId bigint NOT NULL);

BEGIN TRANSACTION;

WITH failed AS (
    SELECT f.JobId FROM jobs.JobFailed AS f WITH (UPDLOCK, ROWLOCK) WHERE f.JobId = @P1
)
DELETE FROM failed OUTPUT deleted.JobId INTO @taken;

UPDATE j SET j.DueAt = @now, j.Attempts = 0 FROM @taken AS t INNER LOOP JOIN jobs.Job AS j WITH (ROWLOCK, FORCESEEK) ON j.Id = t.JobId;

INSERT INTO jobs.JobReady (Queue, DueAt, JobId)
SELECT j.Queue, @now, j.Id FROM @taken AS t INNER LOOP JOIN jobs.Job AS j WITH (FORCESEEK) ON j.Id = t.JobId;

SELECT COUNT_BIG(*) AS Affected FROM @taken;

COMMIT TRANSACTION;
