SELECT Queue, SUM(Ready), SUM(Processing), SUM(Scheduled), SUM(Failed), MIN(DueAt)
FROM (
  SELECT Queue, SUM(DueAt <= ?1) AS Ready, 0 AS Processing, SUM(DueAt > ?1) AS Scheduled, 0 AS Failed, MIN(DueAt) AS DueAt
  FROM JobReady GROUP BY Queue
  UNION ALL
  SELECT Queue, 0, COUNT(*), 0, 0, NULL FROM JobRunning GROUP BY Queue
  UNION ALL
  SELECT Queue, 0, 0, 0, COUNT(*), NULL FROM JobFailed GROUP BY Queue
)
GROUP BY Queue
ORDER BY Queue
