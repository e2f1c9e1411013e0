-- Purpose: removes a job server and hands back what it still holds at its old place, no attempt charged.
-- Parameters: @P1 nvarchar server name.
-- Results: none.
-- Locks: the server's row; its leases.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @gone TABLE (Id bigint NOT NULL PRIMARY KEY);
DECLARE @held TABLE (JobId bigint NOT NULL PRIMARY KEY, Fence bigint NOT NULL, Attempt int NOT NULL);

BEGIN TRANSACTION;

WITH leaving AS (
    SELECT s.Id FROM jobs.JobServer AS s WITH (UPDLOCK, ROWLOCK) WHERE s.Name = @P1
)
DELETE FROM leaving OUTPUT deleted.Id INTO @gone;

DELETE r OUTPUT deleted.JobId, deleted.Fence, deleted.Attempt INTO @held
FROM @gone AS g
INNER LOOP JOIN jobs.JobRunning AS r WITH (ROWLOCK, FORCESEEK) ON r.ServerId = g.Id;

UPDATE j SET j.Attempts = h.Attempt - 1, j.Fence = h.Fence
FROM @held AS h
INNER LOOP JOIN jobs.Job AS j WITH (ROWLOCK, FORCESEEK) ON j.Id = h.JobId;

INSERT INTO jobs.JobReady (Queue, DueAt, JobId)
SELECT j.Queue, j.DueAt, j.Id FROM @held AS h INNER LOOP JOIN jobs.Job AS j WITH (FORCESEEK) ON j.Id = h.JobId;

COMMIT TRANSACTION;
