-- Purpose: takes unpublished outbox entries, oldest first, and hides them from other claimants for a while.
--   Running it again after a lost answer takes further entries; those of the lost answer come back when their time is over.
-- Parameters: @P1 bigint, how many at most; @P2 bigint microseconds to hide them.
-- Results: the entries, oldest first.
-- Locks: the claimed rows; rows another claimant has locked are skipped.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @taken TABLE (Sequence binary(8) NOT NULL PRIMARY KEY);

BEGIN TRANSACTION;

WITH due AS (
    SELECT TOP (@P1) p.Sequence, p.ClaimedUntil
    FROM dbo.OutboxPending AS p WITH (READPAST, UPDLOCK, ROWLOCK)
    WHERE p.ClaimedUntil <= @now
    ORDER BY p.Sequence
)
UPDATE due SET ClaimedUntil = @now + @P2
OUTPUT inserted.Sequence INTO @taken;

SELECT CONVERT(bigint, o.Sequence) AS Sequence, o.EventId, o.CorrelationId, o.OrderId, o.Status, o.OccurredAt, o.TraceParent,
    o.Version
FROM @taken AS t
INNER LOOP JOIN dbo.Outbox AS o WITH (FORCESEEK) ON o.Sequence = t.Sequence
ORDER BY o.Sequence;

COMMIT TRANSACTION;
