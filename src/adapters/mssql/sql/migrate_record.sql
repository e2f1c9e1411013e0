-- Purpose: remembers a migration; appended to its batch, inside its transaction.
-- Parameters: @P1 int version, @P2 nvarchar name.
-- Results: none.
-- Locks: the new row.
INSERT INTO dbo.SchemaVersion (Version, Name, AppliedAt)
VALUES (@P1, @P2, DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME()));
