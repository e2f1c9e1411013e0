-- Purpose: removes job servers that were silent too long and makes their jobs due at once; the lost attempts stay charged.
-- Parameters: @P1 bigint microseconds of silence.
-- Results: (Affected bigint), jobs that came back.
-- Locks: the dead servers' rows, skipping those that are busy (they are not dead); their leases.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @dead TABLE (Id bigint NOT NULL PRIMARY KEY);
DECLARE @lost TABLE (JobId bigint NOT NULL PRIMARY KEY, Fence bigint NOT NULL, Attempt int NOT NULL);

BEGIN TRANSACTION;

WITH silent AS (
    SELECT s.Id FROM jobs.JobServer AS s WITH (READPAST, UPDLOCK, ROWLOCK) WHERE s.LastHeartbeatAt <= @now - @P1
)
DELETE FROM silent OUTPUT deleted.Id INTO @dead;

DELETE r OUTPUT deleted.JobId, deleted.Fence, deleted.Attempt INTO @lost
FROM @dead AS d
INNER LOOP JOIN jobs.JobRunning AS r WITH (ROWLOCK, FORCESEEK) ON r.ServerId = d.Id;

UPDATE j SET j.Attempts = l.Attempt, j.Fence = l.Fence, j.DueAt = @now
FROM @lost AS l
INNER LOOP JOIN jobs.Job AS j WITH (ROWLOCK, FORCESEEK) ON j.Id = l.JobId;

INSERT INTO jobs.JobReady (Queue, DueAt, JobId)
SELECT j.Queue, @now, j.Id FROM @lost AS l INNER LOOP JOIN jobs.Job AS j WITH (FORCESEEK) ON j.Id = l.JobId;

SELECT COUNT_BIG(*) AS Affected FROM @lost;

COMMIT TRANSACTION;
