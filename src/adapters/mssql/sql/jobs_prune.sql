-- Purpose: deletes finished jobs that are old enough, and frees their unique keys. Failed jobs are kept for people to look at.
-- Parameters: @P1 bigint microseconds to keep them; @P2 bigint, how many at most.
-- Results: (affected bigint).
-- Locks: the deleted rows; locked ones are left for the next time.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @gone TABLE (job_id bigint NOT NULL PRIMARY KEY, unique_key nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL);

BEGIN TRANSACTION;

WITH old AS (
    SELECT TOP (@P2) j.id, j.unique_key
    FROM dbo.jobs AS j WITH (READPAST, UPDLOCK, ROWLOCK)
    WHERE j.finished_state IN (N'Succeeded', N'Deleted') AND j.finished_at <= @now - @P1
    ORDER BY j.id
)
DELETE FROM old OUTPUT deleted.id, deleted.unique_key INTO @gone;

DELETE FROM dbo.job_keys WHERE unique_key IN (SELECT g.unique_key FROM @gone AS g WHERE g.unique_key IS NOT NULL);

SELECT COUNT_BIG(*) AS affected FROM @gone;

COMMIT TRANSACTION;
