-- Purpose: one job as somebody who looks at it sees it.
-- Parameters: @P1 bigint job.
-- Results: the job, or no row.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
SELECT j.id, j.queue, j.kind,
    CASE
        WHEN j.finished_state IS NOT NULL THEN j.finished_state
        WHEN l.job_id IS NOT NULL THEN N'Processing'
        WHEN q.due_at > @now THEN N'Scheduled'
        ELSE N'Enqueued'
    END AS state,
    COALESCE(l.attempt, q.attempts, j.attempts) AS attempts,
    j.max_attempts, j.last_error, j.created_at, s.server_id
FROM dbo.jobs AS j
LEFT JOIN dbo.job_leases AS l ON l.job_id = j.id
LEFT JOIN dbo.job_servers AS s ON s.number = l.server_number
LEFT JOIN dbo.job_queue AS q ON q.queue = j.queue AND q.job_id = j.id AND j.finished_state IS NULL
WHERE j.id = @P1;
