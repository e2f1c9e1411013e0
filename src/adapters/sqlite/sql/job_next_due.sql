SELECT MIN(DueAt) FROM JobReady WHERE Queue = ?1
