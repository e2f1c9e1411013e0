-- Purpose: takes unpublished outbox entries, oldest first, and hides them from other claimants for a while.
--   Running it again with the same claim id after a lost answer returns what was claimed then.
-- Parameters: @P1 bigint, how many at most; @P2 bigint microseconds to hide them; @P3 uniqueidentifier claim id.
-- Results: the entries, oldest first.
-- Locks: the claimed rows; rows another claimant has locked are skipped.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @taken TABLE (position binary(8) NOT NULL PRIMARY KEY);

BEGIN TRANSACTION;

INSERT INTO @taken (position)
SELECT TOP (@P1) p.position FROM dbo.outbox_pending AS p WITH (UPDLOCK, ROWLOCK, READPAST)
WHERE p.claimed_by = @P3 AND p.claimed_until > @now
ORDER BY p.position;

IF NOT EXISTS (SELECT 1 FROM @taken)
BEGIN
    WITH due AS (
        SELECT TOP (@P1) p.position, p.claimed_until, p.claimed_by
        FROM dbo.outbox_pending AS p WITH (READPAST, UPDLOCK, ROWLOCK)
        WHERE p.claimed_until <= @now
        ORDER BY p.position
    )
    UPDATE due SET claimed_until = @now + @P2, claimed_by = @P3
    OUTPUT inserted.position INTO @taken;
END;

SELECT CONVERT(bigint, o.position) AS sequence, o.event_id, o.correlation_id, o.order_id, o.status, o.occurred_at, o.trace_parent
FROM @taken AS t
INNER JOIN dbo.outbox AS o ON o.position = t.position
ORDER BY o.position;

COMMIT TRANSACTION;
