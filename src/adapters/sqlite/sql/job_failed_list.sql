-- The columns of job_find.sql, for jobs known to have failed.
SELECT j.Id, j.Queue, j.Kind, j.MaxAttempts, j.LastError, j.CreatedAt, j.DueAt, j.Attempts, NULL, NULL, 0, 1, j.Args
FROM JobFailed f
JOIN Job j ON j.Id = f.JobId
ORDER BY f.FailedAt DESC, f.JobId DESC
LIMIT ?1
