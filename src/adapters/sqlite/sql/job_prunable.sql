SELECT FinishedAt, JobId FROM JobSucceeded WHERE FinishedAt <= ?1 ORDER BY FinishedAt, JobId LIMIT ?2
