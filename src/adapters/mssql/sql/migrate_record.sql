-- Purpose: remembers a migration; appended to its batch, inside its transaction.
-- Parameters: @P1 int version, @P2 nvarchar name.
-- Results: none.
-- Locks: the new row.
INSERT INTO dbo.schema_version (version, name, applied_at)
VALUES (@P1, @P2, DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME()));
