SELECT r.JobId, r.Fence
FROM JobServer s JOIN JobRunning r ON r.ServerId = s.Id
WHERE s.Name = ?1
ORDER BY r.JobId
