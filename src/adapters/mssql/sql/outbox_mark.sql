-- Purpose: marks outbox entries as published, for good.
-- Parameters: @P1 nvarchar, the sequences as a JSON array of numbers.
-- Results: none.
-- Locks: the marked rows.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @wanted TABLE (Sequence binary(8) NOT NULL PRIMARY KEY);
DECLARE @done TABLE (Sequence binary(8) NOT NULL);

BEGIN TRANSACTION;

INSERT INTO @wanted (Sequence)
SELECT DISTINCT CONVERT(binary(8), CONVERT(bigint, s.[value])) FROM OPENJSON(@P1) AS s;

WITH published AS (
    SELECT p.Sequence FROM dbo.OutboxPending AS p WITH (ROWLOCK)
    WHERE p.Sequence IN (SELECT w.Sequence FROM @wanted AS w)
)
DELETE FROM published OUTPUT deleted.Sequence INTO @done;

INSERT INTO dbo.OutboxPublished (PublishedAt, Sequence) SELECT @now, d.Sequence FROM @done AS d;

COMMIT TRANSACTION;
