-- Purpose: stores jobs; a job whose unique key exists yields that job's id and is not stored again.
-- Parameters: @P1 nvarchar, the jobs as JSON [{"q": queue, "k": kind, "a": args, "d": delay in microseconds, "m": attempts,
--   "u": unique key, "t": trace parent}].
-- Results: one id per job, in their order.
-- Locks: key ranges of the unique keys, so that two enqueues of one key run one after the other; the new rows.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @wanted TABLE (
    place int NOT NULL PRIMARY KEY,
    queue nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    kind nvarchar(200) NOT NULL,
    args nvarchar(max) NOT NULL,
    delay bigint NOT NULL,
    max_attempts int NOT NULL,
    unique_key nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    trace_parent nvarchar(200) NULL,
    job_id bigint NULL
);
DECLARE @new TABLE (place int NOT NULL PRIMARY KEY, job_id bigint NOT NULL);

BEGIN TRANSACTION;

INSERT INTO @wanted (place, queue, kind, args, delay, max_attempts, unique_key, trace_parent)
SELECT CONVERT(int, j.[key]), w.queue, w.kind, w.args, w.delay, w.max_attempts, w.unique_key, w.trace_parent
FROM OPENJSON(@P1) AS j
CROSS APPLY OPENJSON(j.[value]) WITH (
    queue nvarchar(50) '$.q',
    kind nvarchar(200) '$.k',
    args nvarchar(max) '$.a',
    delay bigint '$.d',
    max_attempts int '$.m',
    unique_key nvarchar(400) '$.u',
    trace_parent nvarchar(200) '$.t'
) AS w;

UPDATE w SET w.job_id = k.job_id
FROM @wanted AS w
INNER JOIN dbo.job_keys AS k WITH (UPDLOCK, HOLDLOCK) ON k.unique_key = w.unique_key;

INSERT INTO @new (place, job_id)
SELECT w.place, NEXT VALUE FOR dbo.job_ids OVER (ORDER BY w.place)
FROM @wanted AS w
WHERE w.job_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM @wanted AS e WHERE e.unique_key = w.unique_key AND e.place < w.place);

INSERT INTO dbo.jobs (id, queue, kind, args, max_attempts, unique_key, trace_parent, created_at, attempts, fence)
SELECT n.job_id, w.queue, w.kind, w.args, w.max_attempts, w.unique_key, w.trace_parent, @now, 0, 0
FROM @new AS n INNER JOIN @wanted AS w ON w.place = n.place;

INSERT INTO dbo.job_keys (unique_key, job_id)
SELECT w.unique_key, n.job_id FROM @new AS n INNER JOIN @wanted AS w ON w.place = n.place WHERE w.unique_key IS NOT NULL;

INSERT INTO dbo.job_queue (queue, due_at, job_id, attempts, fence)
SELECT w.queue, @now + w.delay, n.job_id, 0, 0 FROM @new AS n INNER JOIN @wanted AS w ON w.place = n.place;

SELECT COALESCE(w.job_id, n.job_id, k.job_id) AS id
FROM @wanted AS w
LEFT JOIN @new AS n ON n.place = w.place
LEFT JOIN dbo.job_keys AS k ON k.unique_key = w.unique_key
ORDER BY w.place;

COMMIT TRANSACTION;
