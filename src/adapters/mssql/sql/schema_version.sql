-- Purpose: the schema's version.
-- Parameters: none.
-- Results: one row (Version int), 0 on an empty database.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
DECLARE @version int = 0;
IF OBJECT_ID(N'dbo.SchemaVersion', N'U') IS NOT NULL
BEGIN
    SELECT @version = COALESCE(MAX(Version), 0) FROM dbo.SchemaVersion;
END;
SELECT @version AS Version;
