-- A job that is neither waiting, leased nor given up has succeeded; its last attempt was not written back.
SELECT j.Id, j.Queue, j.Kind, j.MaxAttempts, j.LastError, j.CreatedAt, j.DueAt, j.Attempts,
       r.Attempt, s.Name, w.JobId IS NOT NULL, f.JobId IS NOT NULL, j.Args
FROM Job j
LEFT JOIN JobRunning r ON r.JobId = j.Id
LEFT JOIN JobServer s ON s.Id = r.ServerId
LEFT JOIN JobReady w ON w.Queue = j.Queue AND w.DueAt = j.DueAt AND w.JobId = j.Id
LEFT JOIN JobFailed f ON f.JobId = j.Id
WHERE j.Id = ?1
