-- Purpose: how full every queue is that holds a job.
-- Parameters: none.
-- Results: one row per queue, by name.
-- Locks: none (reads uncommitted rows; the figures are for people and autoscalers).
SET NOCOUNT ON;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
SELECT d.queue,
    SUM(d.ready) AS ready,
    SUM(d.processing) AS processing,
    SUM(d.scheduled) AS scheduled,
    SUM(d.failed) AS failed,
    COALESCE(@now - MIN(d.oldest), 0) AS oldest_ready_micros
FROM (
    SELECT q.queue, COUNT_BIG(*) AS ready, CONVERT(bigint, 0) AS processing, CONVERT(bigint, 0) AS scheduled,
        CONVERT(bigint, 0) AS failed, MIN(q.due_at) AS oldest
    FROM dbo.job_queue AS q WITH (READUNCOMMITTED) WHERE q.due_at <= @now GROUP BY q.queue
    UNION ALL
    SELECT q.queue, 0, 0, COUNT_BIG(*), 0, NULL
    FROM dbo.job_queue AS q WITH (READUNCOMMITTED) WHERE q.due_at > @now GROUP BY q.queue
    UNION ALL
    SELECT j.queue, 0, COUNT_BIG(*), 0, 0, NULL
    FROM dbo.job_leases AS l WITH (READUNCOMMITTED)
    INNER JOIN dbo.jobs AS j WITH (READUNCOMMITTED) ON j.id = l.job_id GROUP BY j.queue
    UNION ALL
    SELECT j.queue, 0, 0, 0, COUNT_BIG(*), NULL
    FROM dbo.jobs AS j WITH (READUNCOMMITTED) WHERE j.finished_state = N'Failed' GROUP BY j.queue
) AS d
GROUP BY d.queue
ORDER BY d.queue;
