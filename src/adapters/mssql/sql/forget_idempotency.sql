-- Purpose: deletes idempotency records older than 24 hours.
-- Parameters: @P1 bigint, how many at most.
-- Results: (Affected bigint).
-- Locks: the deleted rows; locked ones are left for the next time.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @day bigint = CONVERT(bigint, 86400) * 1000000;
WITH old AS (
    SELECT TOP (@P1) k.CreatedAt
    FROM dbo.IdempotencyRecord AS k WITH (READPAST, UPDLOCK, ROWLOCK)
    WHERE k.CreatedAt <= @now - @day
    ORDER BY k.CreatedAt
)
DELETE FROM old;
SELECT CONVERT(bigint, @@ROWCOUNT) AS Affected;
