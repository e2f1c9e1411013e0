-- Purpose: stores acknowledgements whose lease holds, then leases due jobs to the server.
--   Running it again with the same exchange id after a lost answer repeats the answer: what this exchange settled counts as
--   applied, what it leased is returned once more.
-- Parameters: @P1 nvarchar server id; @P2 uniqueidentifier exchange id; @P3 nvarchar acknowledgements as JSON [{"j": job,
--   "f": fence, "r": Succeeded, Retry, Failed or Released, "d": delay in microseconds, "e": error}]; @P4 nvarchar queues as a JSON
--   array, in order of preference; @P5 int, how many jobs at most.
-- Results: (applied bit) per acknowledgement, in their order; the leased jobs; (next_due_micros bigint or NULL).
-- Locks: the server's row (exchanges of one server run one after the other, and the server cannot be declared dead meanwhile);
--   the settled leases; the claimed queue rows, skipping those of other claimants. Rows are locked in key order, queue by queue.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @server bigint;
DECLARE @place int = 0;
DECLARE @places int;
DECLARE @room int = 0;
DECLARE @queue nvarchar(50);
DECLARE @next_due bigint;
DECLARE @acks TABLE (
    place int NOT NULL PRIMARY KEY,
    job_id bigint NOT NULL,
    fence bigint NOT NULL,
    outcome nvarchar(10) NOT NULL,
    delay bigint NOT NULL,
    error nvarchar(max) NULL
);
DECLARE @settled TABLE (job_id bigint NOT NULL PRIMARY KEY, fence bigint NOT NULL, attempt int NOT NULL);
DECLARE @queues TABLE (place int NOT NULL PRIMARY KEY, queue nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL);
DECLARE @taken TABLE (job_id bigint NOT NULL PRIMARY KEY, attempts int NOT NULL, fence bigint NOT NULL, due_at bigint NOT NULL);

BEGIN TRANSACTION;

SELECT @server = s.number FROM dbo.job_servers AS s WITH (UPDLOCK, ROWLOCK) WHERE s.server_id = @P1;

INSERT INTO @acks (place, job_id, fence, outcome, delay, error)
SELECT CONVERT(int, a.[key]), v.job_id, v.fence, v.outcome, v.delay, v.error
FROM OPENJSON(@P3) AS a
CROSS APPLY OPENJSON(a.[value]) WITH (
    job_id bigint '$.j',
    fence bigint '$.f',
    outcome nvarchar(10) '$.r',
    delay bigint '$.d',
    error nvarchar(max) '$.e'
) AS v;

WITH held AS (
    SELECT l.job_id, l.fence, l.attempt
    FROM dbo.job_leases AS l WITH (ROWLOCK)
    WHERE EXISTS (SELECT 1 FROM @acks AS a WHERE a.job_id = l.job_id AND a.fence = l.fence)
)
DELETE FROM held OUTPUT deleted.job_id, deleted.fence, deleted.attempt INTO @settled;

UPDATE j
SET j.attempts = CASE WHEN a.outcome = N'Released' THEN s.attempt - 1 ELSE s.attempt END,
    j.fence = s.fence,
    j.last_error = COALESCE(a.error, j.last_error),
    j.settled_by = @P2,
    j.finished_state = CASE WHEN a.outcome IN (N'Succeeded', N'Failed') THEN a.outcome END,
    j.finished_at = CASE WHEN a.outcome IN (N'Succeeded', N'Failed') THEN @now END
FROM dbo.jobs AS j
INNER JOIN @settled AS s ON s.job_id = j.id
INNER JOIN @acks AS a ON a.job_id = s.job_id AND a.fence = s.fence;

INSERT INTO dbo.job_queue (queue, due_at, job_id, attempts, fence)
SELECT j.queue, @now + a.delay, j.id, j.attempts, j.fence
FROM @settled AS s
INNER JOIN @acks AS a ON a.job_id = s.job_id AND a.fence = s.fence
INNER JOIN dbo.jobs AS j ON j.id = s.job_id
WHERE a.outcome IN (N'Retry', N'Released');

INSERT INTO @queues (place, queue) SELECT CONVERT(int, q.[key]), q.[value] FROM OPENJSON(@P4) AS q;
SELECT @places = COUNT(*) FROM @queues;

IF @server IS NOT NULL
BEGIN
    SELECT @room = @P5 - COUNT(*) FROM dbo.job_leases AS l WHERE l.server_number = @server AND l.claimed_by = @P2;
END;

WHILE @place < @places AND @room > 0
BEGIN
    SELECT @queue = q.queue FROM @queues AS q WHERE q.place = @place;
    WITH due AS (
        SELECT TOP (@room) q.job_id, q.attempts, q.fence, q.due_at
        FROM dbo.job_queue AS q WITH (READPAST, UPDLOCK, ROWLOCK)
        WHERE q.queue = @queue AND q.due_at <= @now
        ORDER BY q.due_at, q.job_id
    )
    DELETE FROM due OUTPUT deleted.job_id, deleted.attempts, deleted.fence, deleted.due_at INTO @taken;
    SET @room = @room - @@ROWCOUNT;
    SET @place = @place + 1;
END;

INSERT INTO dbo.job_leases (job_id, server_number, fence, attempt, due_at, claimed_by)
SELECT t.job_id, @server, t.fence + 1, t.attempts + 1, t.due_at, @P2 FROM @taken AS t;

-- A hint for the poll only, so a dirty read will do; a locking one could wait for other claimants in a circle.
SELECT @next_due = MIN(h.due_at)
FROM @queues AS w
CROSS APPLY (
    SELECT TOP (1) q.due_at FROM dbo.job_queue AS q WITH (READUNCOMMITTED)
    WHERE q.queue = w.queue
    ORDER BY q.due_at, q.job_id
) AS h;

SELECT CONVERT(bit, CASE WHEN s.job_id IS NOT NULL OR j.settled_by = @P2 THEN 1 ELSE 0 END) AS applied
FROM @acks AS a
LEFT JOIN @settled AS s ON s.job_id = a.job_id AND s.fence = a.fence
LEFT JOIN dbo.jobs AS j ON j.id = a.job_id AND j.fence = a.fence
ORDER BY a.place;

SELECT j.id, l.fence, j.queue, j.kind, j.args, l.attempt, j.max_attempts, j.created_at, j.trace_parent
FROM dbo.job_leases AS l
INNER JOIN dbo.jobs AS j ON j.id = l.job_id
INNER JOIN @queues AS q ON q.queue = j.queue
WHERE l.server_number = @server AND l.claimed_by = @P2
ORDER BY q.place, l.due_at, l.job_id;

SELECT CASE WHEN @next_due > @now THEN @next_due - @now END AS next_due_micros;

COMMIT TRANSACTION;
