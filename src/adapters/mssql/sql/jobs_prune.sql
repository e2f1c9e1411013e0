-- Purpose: deletes finished jobs that are old enough, and frees their unique keys. Failed jobs stay until somebody acts.
-- Parameters: @P1 bigint microseconds to keep them; @P2 bigint, how many at most.
-- Results: (Affected bigint).
-- Locks: the deleted rows; locked ones are left for the next time.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @old TABLE (JobId bigint NOT NULL PRIMARY KEY);
DECLARE @gone TABLE (UniqueKey nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL);

BEGIN TRANSACTION;

WITH old AS (
    SELECT TOP (@P2) s.FinishedAt, s.JobId
    FROM jobs.JobSucceeded AS s WITH (READPAST, UPDLOCK, ROWLOCK)
    WHERE s.FinishedAt <= @now - @P1
    ORDER BY s.FinishedAt, s.JobId
)
DELETE FROM old OUTPUT deleted.JobId INTO @old;

DELETE j OUTPUT deleted.UniqueKey INTO @gone
FROM @old AS o
INNER LOOP JOIN jobs.Job AS j WITH (ROWLOCK) ON j.Id = o.JobId;

DELETE k
FROM @gone AS g
INNER LOOP JOIN jobs.JobKey AS k WITH (ROWLOCK) ON k.UniqueKey = g.UniqueKey;

SELECT COUNT_BIG(*) AS Affected FROM @old;

COMMIT TRANSACTION;
