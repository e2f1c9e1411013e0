-- Purpose: stores acknowledgements whose lease holds, then leases due jobs to the server.
--   Running it again with the same exchange id after a lost answer changes nothing and repeats the answer.
-- Parameters: @P1 nvarchar server name; @P2 uniqueidentifier exchange id; @P3 nvarchar acknowledgements as JSON [{"j": job,
--   "f": fence, "r": Succeeded, Retry, Failed or Released, "d": delay in microseconds, "e": error}]; @P4 nvarchar queues as a JSON
--   array, in order of preference; @P5 int, how many jobs at most.
-- Results: (Place int) of each acknowledgement that was applied; the leased jobs; (NextDueMicros bigint or NULL).
-- Locks: the server's row (exchanges of one server run one after the other, and the server cannot be declared dead meanwhile);
--   the settled leases; the claimed rows, skipping those of other claimants. Rows are locked in key order, queue by queue. Rows are
--   found by seeks only: plans are compiled for empty table variables, and a scan would wait for the rows that other servers hold.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @server bigint;
DECLARE @last uniqueidentifier;
DECLARE @last_applied nvarchar(max);
DECLARE @place int = 0;
DECLARE @places int;
DECLARE @room int = @P5;
DECLARE @queue nvarchar(50);
DECLARE @next_due bigint;
DECLARE @acks TABLE (
    Place int NOT NULL PRIMARY KEY,
    JobId bigint NOT NULL,
    Fence bigint NOT NULL,
    Outcome nvarchar(10) NOT NULL,
    Delay bigint NOT NULL,
    Error nvarchar(max) NULL
);
DECLARE @ended TABLE (JobId bigint NOT NULL PRIMARY KEY, Fence bigint NOT NULL, Attempt int NOT NULL, Queue nvarchar(50) NOT NULL);
DECLARE @settled TABLE (
    Place int NOT NULL PRIMARY KEY,
    JobId bigint NOT NULL,
    Fence bigint NOT NULL,
    Attempt int NOT NULL,
    Queue nvarchar(50) NOT NULL,
    Outcome nvarchar(10) NOT NULL,
    Delay bigint NOT NULL,
    Error nvarchar(max) NULL
);
DECLARE @queues TABLE (Place int NOT NULL PRIMARY KEY, Queue nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL);
DECLARE @taken TABLE (JobId bigint NOT NULL PRIMARY KEY, Queue nvarchar(50) NOT NULL, DueAt bigint NOT NULL);

BEGIN TRANSACTION;

SELECT @server = s.Id, @last = s.LastExchange, @last_applied = s.LastApplied
FROM jobs.JobServer AS s WITH (UPDLOCK, ROWLOCK) WHERE s.Name = @P1;

INSERT INTO @queues (Place, Queue) SELECT CONVERT(int, q.[key]), q.[value] FROM OPENJSON(@P4) AS q;
SELECT @places = COUNT(*) FROM @queues;

IF @last = @P2
BEGIN
    INSERT INTO @settled (Place, JobId, Fence, Attempt, Queue, Outcome, Delay)
    SELECT CONVERT(int, p.[value]), 0, 0, 0, N'', N'', 0 FROM OPENJSON(@last_applied) AS p;
END;

IF @server IS NULL OR @last = @P2
BEGIN
    SET @places = 0;
END;

IF @server IS NOT NULL AND (@last IS NULL OR @last <> @P2)
BEGIN
    INSERT INTO @acks (Place, JobId, Fence, Outcome, Delay, Error)
    SELECT CONVERT(int, a.[key]), v.JobId, v.Fence, v.Outcome, v.Delay, v.Error
    FROM OPENJSON(@P3) AS a
    CROSS APPLY OPENJSON(a.[value]) WITH (
        JobId bigint '$.j',
        Fence bigint '$.f',
        Outcome nvarchar(10) '$.r',
        Delay bigint '$.d',
        Error nvarchar(max) '$.e'
    ) AS v;

    DELETE r OUTPUT deleted.JobId, deleted.Fence, deleted.Attempt, deleted.Queue INTO @ended
    FROM @acks AS a
    INNER LOOP JOIN jobs.JobRunning AS r WITH (ROWLOCK, FORCESEEK) ON r.JobId = a.JobId AND r.Fence = a.Fence
    WHERE r.ServerId = @server;

    -- Of two acknowledgements of one lease the first counts.
    INSERT INTO @settled (Place, JobId, Fence, Attempt, Queue, Outcome, Delay, Error)
    SELECT a.Place, e.JobId, e.Fence, e.Attempt, e.Queue, a.Outcome, a.Delay, a.Error
    FROM @ended AS e
    INNER JOIN @acks AS a ON a.JobId = e.JobId AND a.Fence = e.Fence
    WHERE NOT EXISTS (SELECT 1 FROM @acks AS b WHERE b.JobId = a.JobId AND b.Fence = a.Fence AND b.Place < a.Place);

    INSERT INTO jobs.JobSucceeded (FinishedAt, JobId)
    SELECT @now, s.JobId FROM @settled AS s WHERE s.Outcome = N'Succeeded';

    INSERT INTO jobs.JobFailed (JobId, Queue, FailedAt)
    SELECT s.JobId, s.Queue, @now FROM @settled AS s WHERE s.Outcome = N'Failed';

    -- A job handed back unfinished keeps its place in the queue.
    UPDATE j
    SET j.Attempts = CASE WHEN s.Outcome = N'Released' THEN s.Attempt - 1 ELSE s.Attempt END,
        j.Fence = s.Fence,
        j.DueAt = CASE WHEN s.Outcome = N'Retry' THEN @now + s.Delay ELSE j.DueAt END,
        j.LastError = COALESCE(s.Error, j.LastError)
    FROM @settled AS s
    INNER LOOP JOIN jobs.Job AS j WITH (ROWLOCK, FORCESEEK) ON j.Id = s.JobId
    WHERE s.Outcome <> N'Succeeded';

    INSERT INTO jobs.JobReady (Queue, DueAt, JobId)
    SELECT j.Queue, j.DueAt, j.Id
    FROM @settled AS s
    INNER LOOP JOIN jobs.Job AS j WITH (FORCESEEK) ON j.Id = s.JobId
    WHERE s.Outcome IN (N'Retry', N'Released');
END;

WHILE @place < @places AND @room > 0
BEGIN
    SELECT @queue = q.Queue FROM @queues AS q WHERE q.Place = @place;
    WITH due AS (
        SELECT TOP (@room) q.JobId, q.Queue, q.DueAt
        FROM jobs.JobReady AS q WITH (READPAST, UPDLOCK, ROWLOCK)
        WHERE q.Queue = @queue AND q.DueAt <= @now
        ORDER BY q.DueAt, q.JobId
    )
    DELETE FROM due OUTPUT deleted.JobId, deleted.Queue, deleted.DueAt INTO @taken;
    SET @room = @room - @@ROWCOUNT;
    SET @place = @place + 1;
END;

INSERT INTO jobs.JobRunning (JobId, Queue, ServerId, Fence, Attempt, DueAt, ExchangeId)
SELECT t.JobId, t.Queue, @server, j.Fence + 1, j.Attempts + 1, t.DueAt, @P2
FROM @taken AS t
INNER LOOP JOIN jobs.Job AS j WITH (FORCESEEK) ON j.Id = t.JobId;

IF EXISTS (SELECT 1 FROM @taken) OR EXISTS (SELECT 1 FROM @ended)
BEGIN
    UPDATE jobs.JobServer
    SET LastExchange = @P2,
        LastApplied = N'[' + COALESCE((SELECT STRING_AGG(CONVERT(nvarchar(max), s.Place), N',') FROM @settled AS s), N'') + N']'
    WHERE Id = @server;
END;

-- A hint for the poll only, so a dirty read will do; a locking one could wait for other claimants in a circle.
SELECT @next_due = MIN(h.DueAt)
FROM @queues AS w
CROSS APPLY (
    SELECT TOP (1) q.DueAt FROM jobs.JobReady AS q WITH (READUNCOMMITTED)
    WHERE q.Queue = w.Queue
    ORDER BY q.DueAt, q.JobId
) AS h;

SELECT s.Place FROM @settled AS s ORDER BY s.Place;

SELECT r.JobId, r.Fence, r.Queue, j.Kind, j.Args, r.Attempt, j.MaxAttempts, j.CreatedAt, j.TraceParent
FROM jobs.JobRunning AS r WITH (FORCESEEK)
INNER LOOP JOIN jobs.Job AS j WITH (FORCESEEK) ON j.Id = r.JobId
INNER JOIN @queues AS q ON q.Queue = r.Queue
WHERE r.ServerId = @server AND r.ExchangeId = @P2
ORDER BY q.Place, r.DueAt, r.JobId;

SELECT CASE WHEN @server IS NOT NULL AND @next_due > @now THEN @next_due - @now END AS NextDueMicros;

COMMIT TRANSACTION;
