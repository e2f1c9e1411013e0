-- The claimed jobs are the first of their queue: all up to the last of them.
DELETE FROM JobReady WHERE Queue = ?1 AND (DueAt, JobId) <= (?2, ?3)
