-- Purpose: marks outbox entries as published, for good.
-- Parameters: @P1 nvarchar, the sequences as a JSON array of numbers.
-- Results: none.
-- Locks: the marked rows.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @wanted TABLE (position binary(8) NOT NULL PRIMARY KEY);
DECLARE @done TABLE (position binary(8) NOT NULL);

BEGIN TRANSACTION;

INSERT INTO @wanted (position)
SELECT DISTINCT CONVERT(binary(8), CONVERT(bigint, s.[value])) FROM OPENJSON(@P1) AS s;

WITH published AS (
    SELECT p.position FROM dbo.outbox_pending AS p WITH (ROWLOCK)
    WHERE p.position IN (SELECT w.position FROM @wanted AS w)
)
DELETE FROM published OUTPUT deleted.position INTO @done;

INSERT INTO dbo.outbox_published (published_at, position) SELECT @now, d.position FROM @done AS d;

COMMIT TRANSACTION;
