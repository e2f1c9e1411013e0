-- Purpose: marks outbox entries as published, for good.
-- Parameters: @P1 nvarchar, the sequences as a JSON array of numbers.
-- Results: none.
-- Locks: the marked rows, in their order, each by a seek.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @wanted TABLE (Sequence binary(8) NOT NULL PRIMARY KEY);
DECLARE @done TABLE (Sequence binary(8) NOT NULL);

BEGIN TRANSACTION;

INSERT INTO @wanted (Sequence)
SELECT DISTINCT CONVERT(binary(8), CONVERT(bigint, s.[value])) FROM OPENJSON(@P1) AS s;

DELETE p OUTPUT deleted.Sequence INTO @done
FROM @wanted AS w
INNER LOOP JOIN dbo.OutboxPending AS p WITH (ROWLOCK, FORCESEEK) ON p.Sequence = w.Sequence;

INSERT INTO dbo.OutboxPublished (PublishedAt, Sequence) SELECT @now, d.Sequence FROM @done AS d;

COMMIT TRANSACTION;
