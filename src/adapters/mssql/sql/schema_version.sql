-- Purpose: the schema's version.
-- Parameters: none.
-- Results: one row (version int), 0 on an empty database.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
DECLARE @version int = 0;
IF OBJECT_ID(N'dbo.schema_version', N'U') IS NOT NULL
BEGIN
    SELECT @version = COALESCE(MAX(version), 0) FROM dbo.schema_version;
END;
SELECT @version AS version;
