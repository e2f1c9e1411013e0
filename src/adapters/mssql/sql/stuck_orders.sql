-- Purpose: unfinished orders that did not change for a while and whose job has failed. Driven from the failed jobs, which are few;
--   a job names its order in its arguments. Arguments that are no JSON are no error. What is found is looked at again, under locks, by
--   the move that fails the order.
-- Parameters: @P1 bigint microseconds without a change; @P2 bigint, how many at most.
-- Results: (CorrelationId uniqueidentifier; JobId bigint), oldest first.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
SELECT TOP (@P2) o.CorrelationId, f.JobId
FROM jobs.JobFailed AS f
INNER LOOP JOIN jobs.Job AS j WITH (FORCESEEK) ON j.Id = f.JobId AND j.Kind = N'order.accepted'
INNER LOOP JOIN dbo.[Order] AS o WITH (FORCESEEK)
    ON o.CorrelationId = TRY_CONVERT(uniqueidentifier, JSON_VALUE(CASE WHEN ISJSON(j.Args) = 1 THEN j.Args END, '$.correlationId'))
WHERE o.Status IN (N'ACCEPTED', N'PROCESSING') AND o.UpdatedAt <= @now - @P1
ORDER BY o.Id;
