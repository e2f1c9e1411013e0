SELECT r.DueAt, j.Id, j.Kind, j.Args, j.Attempts + 1, j.MaxAttempts, j.Fence + 1, j.CreatedAt, j.TraceParent
FROM JobReady r JOIN Job j ON j.Id = r.JobId
WHERE r.Queue = ?1 AND r.DueAt <= ?2
ORDER BY r.DueAt, r.JobId
LIMIT ?3
