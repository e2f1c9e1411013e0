-- Purpose: removes job servers that were silent too long and makes their jobs due at once; the lost attempts stay charged.
-- Parameters: @P1 bigint microseconds of silence.
-- Results: (affected bigint), jobs that came back.
-- Locks: the dead servers' rows, skipping those that are busy (they are not dead); their leases.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @dead TABLE (number bigint NOT NULL PRIMARY KEY);
DECLARE @lost TABLE (job_id bigint NOT NULL PRIMARY KEY, fence bigint NOT NULL, attempt int NOT NULL);

BEGIN TRANSACTION;

WITH silent AS (
    SELECT s.number FROM dbo.job_servers AS s WITH (READPAST, UPDLOCK, ROWLOCK) WHERE s.last_heartbeat_at <= @now - @P1
)
DELETE FROM silent OUTPUT deleted.number INTO @dead;

WITH held AS (
    SELECT l.job_id, l.fence, l.attempt
    FROM dbo.job_leases AS l WITH (ROWLOCK)
    WHERE l.server_number IN (SELECT d.number FROM @dead AS d)
)
DELETE FROM held OUTPUT deleted.job_id, deleted.fence, deleted.attempt INTO @lost;

INSERT INTO dbo.job_queue (queue, due_at, job_id, attempts, fence)
SELECT j.queue, @now, j.id, l.attempt, l.fence FROM @lost AS l INNER JOIN dbo.jobs AS j ON j.id = l.job_id;

SELECT COUNT_BIG(*) AS affected FROM @lost;

COMMIT TRANSACTION;
