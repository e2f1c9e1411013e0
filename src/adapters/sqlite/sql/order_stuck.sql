-- A job names its order in its arguments. The living ones are read once and looked up by hash.
WITH Living AS MATERIALIZED (
  SELECT lower(json_extract(j.Args, '$.correlationId')) AS Id
  FROM (SELECT JobId FROM JobReady UNION ALL SELECT JobId FROM JobRunning) l JOIN Job j ON j.Id = l.JobId
  WHERE j.Kind = 'order.accepted'
)
SELECT o.CorrelationId
FROM "Order" o
WHERE o.Status IN ('ACCEPTED', 'PROCESSING') AND o.UpdatedAt <= ?1
  AND lower(substr(hex(o.CorrelationId), 1, 8) || '-' || substr(hex(o.CorrelationId), 9, 4) || '-' || substr(hex(o.CorrelationId), 13, 4)
    || '-' || substr(hex(o.CorrelationId), 17, 4) || '-' || substr(hex(o.CorrelationId), 21)) NOT IN (SELECT Id FROM Living WHERE Id IS NOT NULL)
ORDER BY o.Id
LIMIT ?2
