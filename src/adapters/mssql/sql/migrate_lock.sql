-- Purpose: lets one process migrate at a time, and makes the version table.
-- Parameters: @P1 int, milliseconds to wait for the lock.
-- Results: one row (Granted int): 0 or more when the lock is held, negative when it was not granted.
-- Locks: application lock, exclusive, owned by the session: use a connection of its own and close it afterwards.
SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @granted int;
EXEC @granted = sp_getapplock @Resource = N'contoso-shop:migrate', @LockMode = N'Exclusive', @LockOwner = N'Session', @LockTimeout = @P1;
IF @granted >= 0 AND OBJECT_ID(N'dbo.SchemaVersion', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.SchemaVersion (
        Version int NOT NULL,
        Name nvarchar(100) NOT NULL,
        AppliedAt bigint NOT NULL,
        CONSTRAINT PK_SchemaVersion PRIMARY KEY CLUSTERED (Version)
    );
END;
SELECT @granted AS Granted;
