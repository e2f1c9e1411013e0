-- Purpose: stores jobs; a job whose unique key exists yields that job's id and is not stored again.
-- Parameters: @P1 nvarchar, the jobs as JSON [{"q": queue, "k": kind, "a": args, "d": delay in microseconds, "m": attempts,
--   "u": unique key, "t": trace parent}].
-- Results: (Id bigint) per job, in their order.
-- Locks: the new rows. Of two enqueues of one unique key the loser gets 2627, runs again and finds the winner's job.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @wanted TABLE (
    Place int NOT NULL PRIMARY KEY,
    Queue nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    Kind nvarchar(200) NOT NULL,
    Args nvarchar(max) NOT NULL,
    Delay bigint NOT NULL,
    MaxAttempts int NOT NULL,
    UniqueKey nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    TraceParent nvarchar(200) NULL,
    JobId bigint NULL
);
DECLARE @new TABLE (Place int NOT NULL PRIMARY KEY, JobId bigint NOT NULL);

BEGIN TRANSACTION;

INSERT INTO @wanted (Place, Queue, Kind, Args, Delay, MaxAttempts, UniqueKey, TraceParent)
SELECT CONVERT(int, j.[key]), w.Queue, w.Kind, w.Args, w.Delay, w.MaxAttempts, w.UniqueKey, w.TraceParent
FROM OPENJSON(@P1) AS j
CROSS APPLY OPENJSON(j.[value]) WITH (
    Queue nvarchar(50) '$.q',
    Kind nvarchar(200) '$.k',
    Args nvarchar(max) '$.a',
    Delay bigint '$.d',
    MaxAttempts int '$.m',
    UniqueKey nvarchar(400) '$.u',
    TraceParent nvarchar(200) '$.t'
) AS w;

UPDATE w SET w.JobId = k.JobId
FROM @wanted AS w
INNER LOOP JOIN jobs.JobKey AS k WITH (FORCESEEK) ON k.UniqueKey = w.UniqueKey;

INSERT INTO @new (Place, JobId)
SELECT w.Place, NEXT VALUE FOR jobs.JobNumber OVER (ORDER BY w.Place)
FROM @wanted AS w
WHERE w.JobId IS NULL
    AND NOT EXISTS (SELECT 1 FROM @wanted AS e WHERE e.UniqueKey = w.UniqueKey AND e.Place < w.Place);

INSERT INTO jobs.Job (Id, Queue, Kind, Args, MaxAttempts, UniqueKey, TraceParent, CreatedAt, DueAt, Attempts, Fence)
SELECT n.JobId, w.Queue, w.Kind, w.Args, w.MaxAttempts, w.UniqueKey, w.TraceParent, @now, @now + w.Delay, 0, 0
FROM @new AS n INNER JOIN @wanted AS w ON w.Place = n.Place;

INSERT INTO jobs.JobKey (UniqueKey, JobId)
SELECT w.UniqueKey, n.JobId FROM @new AS n INNER JOIN @wanted AS w ON w.Place = n.Place WHERE w.UniqueKey IS NOT NULL;

INSERT INTO jobs.JobReady (Queue, DueAt, JobId)
SELECT w.Queue, @now + w.Delay, n.JobId FROM @new AS n INNER JOIN @wanted AS w ON w.Place = n.Place;

SELECT COALESCE(w.JobId, n.JobId, k.JobId) AS Id
FROM @wanted AS w
LEFT JOIN @new AS n ON n.Place = w.Place
LEFT LOOP JOIN jobs.JobKey AS k WITH (FORCESEEK) ON k.UniqueKey = w.UniqueKey
ORDER BY w.Place;

COMMIT TRANSACTION;
