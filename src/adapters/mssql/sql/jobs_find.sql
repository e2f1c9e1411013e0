-- Purpose: one job as somebody who looks at it sees it.
--   One that is neither waiting, leased nor given up has succeeded; its last attempt was not written back.
-- Parameters: @P1 bigint job.
-- Results: the job, or no row.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
SELECT j.Id, j.Queue, j.Kind, j.Args,
    CASE
        WHEN r.JobId IS NOT NULL THEN N'Processing'
        WHEN q.DueAt > @now THEN N'Scheduled'
        WHEN q.JobId IS NOT NULL THEN N'Enqueued'
        WHEN f.JobId IS NOT NULL THEN N'Failed'
        ELSE N'Succeeded'
    END AS State,
    CASE
        WHEN r.JobId IS NOT NULL THEN r.Attempt
        WHEN q.JobId IS NOT NULL OR f.JobId IS NOT NULL THEN j.Attempts
        ELSE j.Attempts + 1
    END AS Attempts,
    j.MaxAttempts, j.LastError, j.CreatedAt, s.Name AS ServerName
FROM jobs.Job AS j
LEFT JOIN jobs.JobRunning AS r ON r.JobId = j.Id
LEFT JOIN jobs.JobServer AS s ON s.Id = r.ServerId
LEFT JOIN jobs.JobReady AS q ON q.Queue = j.Queue AND q.DueAt = j.DueAt AND q.JobId = j.Id
LEFT JOIN jobs.JobFailed AS f ON f.JobId = j.Id
WHERE j.Id = @P1;
