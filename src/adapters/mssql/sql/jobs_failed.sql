-- Purpose: the jobs that have failed, newest first.
-- Parameters: @P1 bigint most.
-- Results: one row per job, with the columns of jobs_find.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT TOP (@P1) j.Id, j.Queue, j.Kind, j.Args, N'Failed' AS State, j.Attempts, j.MaxAttempts, j.LastError, j.CreatedAt,
    CAST(NULL AS nvarchar(100)) AS ServerName
FROM jobs.JobFailed AS f
INNER JOIN jobs.Job AS j ON j.Id = f.JobId
ORDER BY f.FailedAt DESC, f.JobId DESC;
