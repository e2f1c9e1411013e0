-- Driven from the failed jobs, which are few. A job names its order in its arguments.
SELECT o.CorrelationId, f.JobId
FROM JobFailed f
JOIN Job j ON j.Id = f.JobId AND j.Kind = 'order.accepted'
JOIN "Order" o ON o.CorrelationId = unhex(json_extract(iif(json_valid(j.Args), j.Args, '{}'), '$.correlationId'), '-')
WHERE o.Status IN ('ACCEPTED', 'PROCESSING') AND o.UpdatedAt <= ?1
ORDER BY o.Id
LIMIT ?2
