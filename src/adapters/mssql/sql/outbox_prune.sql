-- Purpose: deletes outbox entries published some time ago.
-- Parameters: @P1 bigint microseconds to keep them; @P2 bigint, how many at most.
-- Results: (affected bigint).
-- Locks: the deleted rows; locked ones are left for the next time.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @gone TABLE (position binary(8) NOT NULL PRIMARY KEY);

BEGIN TRANSACTION;

WITH old AS (
    SELECT TOP (@P2) p.published_at, p.position
    FROM dbo.outbox_published AS p WITH (READPAST, UPDLOCK, ROWLOCK)
    WHERE p.published_at <= @now - @P1
    ORDER BY p.published_at, p.position
)
DELETE FROM old OUTPUT deleted.position INTO @gone;

DELETE FROM dbo.outbox WHERE position IN (SELECT g.position FROM @gone AS g);

SELECT COUNT_BIG(*) AS affected FROM @gone;

COMMIT TRANSACTION;
