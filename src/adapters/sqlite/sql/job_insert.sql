INSERT INTO Job (Queue, Kind, Args, MaxAttempts, UniqueKey, TraceParent, CreatedAt, DueAt)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
