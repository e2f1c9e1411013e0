-- Purpose: how full every queue is that holds a job.
-- Parameters: none.
-- Results: one row per queue, by name.
-- Locks: none (reads uncommitted rows; the figures are for people and autoscalers).
SET NOCOUNT ON;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
SELECT d.Queue,
    SUM(d.Ready) AS Ready,
    SUM(d.Processing) AS Processing,
    SUM(d.Scheduled) AS Scheduled,
    SUM(d.Failed) AS Failed,
    COALESCE(@now - MIN(d.Oldest), 0) AS OldestReadyMicros
FROM (
    SELECT q.Queue, COUNT_BIG(*) AS Ready, CONVERT(bigint, 0) AS Processing, CONVERT(bigint, 0) AS Scheduled,
        CONVERT(bigint, 0) AS Failed, MIN(q.DueAt) AS Oldest
    FROM jobs.JobReady AS q WITH (READUNCOMMITTED) WHERE q.DueAt <= @now GROUP BY q.Queue
    UNION ALL
    SELECT q.Queue, 0, 0, COUNT_BIG(*), 0, NULL
    FROM jobs.JobReady AS q WITH (READUNCOMMITTED) WHERE q.DueAt > @now GROUP BY q.Queue
    UNION ALL
    SELECT r.Queue, 0, COUNT_BIG(*), 0, 0, NULL FROM jobs.JobRunning AS r WITH (READUNCOMMITTED) GROUP BY r.Queue
    UNION ALL
    SELECT f.Queue, 0, 0, 0, COUNT_BIG(*), NULL FROM jobs.JobFailed AS f WITH (READUNCOMMITTED) GROUP BY f.Queue
) AS d
GROUP BY d.Queue
ORDER BY d.Queue;
