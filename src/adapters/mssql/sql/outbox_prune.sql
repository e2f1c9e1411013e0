-- Purpose: deletes outbox entries published some time ago.
-- Parameters: @P1 bigint microseconds to keep them; @P2 bigint, how many at most.
-- Results: (Affected bigint).
-- Locks: the deleted rows; locked ones are left for the next time.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @gone TABLE (Sequence binary(8) NOT NULL PRIMARY KEY);

BEGIN TRANSACTION;

WITH old AS (
    SELECT TOP (@P2) p.PublishedAt, p.Sequence
    FROM dbo.OutboxPublished AS p WITH (READPAST, UPDLOCK, ROWLOCK)
    WHERE p.PublishedAt <= @now - @P1
    ORDER BY p.PublishedAt, p.Sequence
)
DELETE FROM old OUTPUT deleted.Sequence INTO @gone;

DELETE FROM dbo.Outbox WHERE Sequence IN (SELECT g.Sequence FROM @gone AS g);

SELECT COUNT_BIG(*) AS Affected FROM @gone;

COMMIT TRANSACTION;
