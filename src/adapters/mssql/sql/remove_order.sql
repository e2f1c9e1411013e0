-- Purpose: deletes an order softly; one that is still ACCEPTED is cancelled, with history and outbox entry.
--   Running it again with the same event id after a lost answer finds its own deletion and writes nothing.
-- Parameters: @P1 varbinary user digest; @P2 bigint order; @P3 uniqueidentifier event id.
-- Results: (outcome: deleted, cancelled, in_progress, not_owner or not_found); the order's snapshot.
-- Locks: the order's row.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @outcome nvarchar(20);
DECLARE @caller bigint;
DECLARE @owner bigint;
DECLARE @status nvarchar(10);
DECLARE @deleted bit;
DECLARE @removed_by uniqueidentifier;
DECLARE @told int;
DECLARE @written TABLE (position binary(8) NOT NULL);

BEGIN TRANSACTION;

SELECT @caller = id FROM dbo.customers WHERE user_digest = @P1;
SELECT @owner = customer_id, @status = status, @deleted = is_deleted, @removed_by = removed_by
FROM dbo.orders WITH (UPDLOCK, ROWLOCK) WHERE id = @P2;
SELECT @told = COUNT(*) FROM dbo.outbox WHERE event_id = @P3;

SET @outcome = CASE
    WHEN @removed_by = @P3 AND @told = 1 THEN N'cancelled'
    WHEN @removed_by = @P3 THEN N'deleted'
    WHEN @owner IS NULL OR @deleted = 1 OR @caller IS NULL THEN N'not_found'
    WHEN @owner <> @caller THEN N'not_owner'
    WHEN @status = N'PROCESSING' THEN N'in_progress'
    WHEN @status = N'ACCEPTED' THEN N'cancel'
    ELSE N'delete'
END;

IF @outcome = N'cancel' OR @outcome = N'delete'
BEGIN
    UPDATE dbo.orders
    SET is_deleted = 1,
        removed_by = @P3,
        status = CASE WHEN @outcome = N'cancel' THEN N'CANCELLED' ELSE status END,
        updated_at = @now
    WHERE id = @P2;
END;

IF @outcome = N'cancel'
BEGIN
    INSERT INTO dbo.order_history (order_id, from_status, to_status, reason, occurred_at)
    VALUES (@P2, @status, N'CANCELLED', N'deleted by its owner', @now);

    INSERT INTO dbo.outbox (event_id, correlation_id, order_id, status, occurred_at)
    OUTPUT inserted.position INTO @written
    SELECT @P3, o.correlation_id, o.id, N'CANCELLED', @now FROM dbo.orders AS o WHERE o.id = @P2;
    INSERT INTO dbo.outbox_pending (position, claimed_until) SELECT w.position, 0 FROM @written AS w;
END;

SELECT CASE @outcome WHEN N'cancel' THEN N'cancelled' WHEN N'delete' THEN N'deleted' ELSE @outcome END AS outcome;
SELECT o.id, o.correlation_id, c.user_id, o.status, o.updated_at
FROM dbo.orders AS o
INNER JOIN dbo.customers AS c ON c.id = o.customer_id
WHERE o.id = @P2;

COMMIT TRANSACTION;
