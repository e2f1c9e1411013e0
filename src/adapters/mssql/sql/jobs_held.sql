-- Purpose: the leases a job server holds.
-- Parameters: @P1 nvarchar server name.
-- Results: (JobId bigint; Fence bigint) per lease.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT r.JobId, r.Fence
FROM jobs.JobServer AS s
INNER LOOP JOIN jobs.JobRunning AS r WITH (FORCESEEK) ON r.ServerId = s.Id
WHERE s.Name = @P1
ORDER BY r.JobId;
