-- Purpose: makes one named move of an order; history and outbox entry are written with it, completing takes the stock.
--   Running it again with the same event id after a lost answer finds the event and writes nothing.
-- Parameters: @P1 uniqueidentifier correlation id; @P2 nvarchar target status; @P3 nvarchar legal statuses to come from as a JSON
--   array; @P4 nvarchar reason or NULL; @P5 bigint job and @P6 bigint fence of the lease, or NULL; @P7 uniqueidentifier event id;
--   @P8 nvarchar trace parent or NULL.
-- Results: (outcome: applied, already, refused, shortage, price_mismatch, lease_lost or not_found; sku of the shortage);
--   the order's snapshot.
-- Locks: the order's row, the lease's row (so that it cannot be taken away before the commit), the rows of limited products.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @outcome nvarchar(20) = N'not_found';
DECLARE @order bigint;
DECLARE @status nvarchar(10);
DECLARE @total bigint;
DECLARE @short nvarchar(64);
DECLARE @held int = 1;
DECLARE @sold int = 0;
DECLARE @told_at bigint;
DECLARE @written TABLE (position binary(8) NOT NULL);

BEGIN TRANSACTION;

SELECT @order = id, @status = status, @total = total_cents
FROM dbo.orders WITH (UPDLOCK, ROWLOCK) WHERE correlation_id = @P1;

SELECT @told_at = occurred_at FROM dbo.outbox WHERE event_id = @P7;

IF @P5 IS NOT NULL AND @told_at IS NULL
BEGIN
    SELECT @held = COUNT(*) FROM dbo.job_leases WITH (UPDLOCK, ROWLOCK) WHERE job_id = @P5 AND fence = @P6;
END;

SET @outcome = CASE
    WHEN @told_at IS NOT NULL THEN N'applied'
    WHEN @order IS NULL THEN N'not_found'
    WHEN @held = 0 THEN N'lease_lost'
    WHEN @status = @P2 THEN N'already'
    WHEN NOT EXISTS (SELECT 1 FROM OPENJSON(@P3) AS f WHERE f.[value] = @status) THEN N'refused'
    ELSE N'move'
END;

IF @outcome = N'move' AND @P2 = N'COMPLETED'
BEGIN
    SELECT @sold = COUNT(*)
    FROM dbo.order_lines AS l
    INNER JOIN dbo.products AS p ON p.sku = l.sku AND p.is_active = 1 AND p.is_deleted = 0
    WHERE l.order_id = @order;
    SELECT @outcome = N'price_mismatch'
    FROM (
        SELECT COUNT(*) AS lines, COALESCE(SUM(l.unit_price_cents * l.quantity), 0) AS total
        FROM dbo.order_lines AS l WHERE l.order_id = @order
    ) AS s
    WHERE s.total <> @total OR s.lines <> @sold;
END;

IF @outcome = N'move' AND @P2 = N'COMPLETED'
BEGIN
    SELECT TOP (1) @short = l.sku, @outcome = N'shortage'
    FROM dbo.order_lines AS l
    INNER JOIN dbo.products AS p WITH (UPDLOCK, ROWLOCK) ON p.sku = l.sku
    WHERE l.order_id = @order AND p.stock < l.quantity
    ORDER BY l.line_no;
END;

IF @outcome = N'move'
BEGIN
    UPDATE p SET p.stock = p.stock - l.quantity, p.updated_at = @now
    FROM dbo.products AS p
    INNER JOIN dbo.order_lines AS l ON l.sku = p.sku
    WHERE @P2 = N'COMPLETED' AND l.order_id = @order AND p.stock IS NOT NULL;

    UPDATE dbo.orders SET status = @P2, updated_at = @now WHERE id = @order;

    INSERT INTO dbo.order_history (order_id, from_status, to_status, reason, occurred_at)
    VALUES (@order, @status, @P2, @P4, @now);

    INSERT INTO dbo.outbox (event_id, correlation_id, order_id, status, occurred_at, trace_parent)
    OUTPUT inserted.position INTO @written
    VALUES (@P7, @P1, @order, @P2, @now, @P8);
    INSERT INTO dbo.outbox_pending (position, claimed_until) SELECT w.position, 0 FROM @written AS w;

    SET @outcome = N'applied';
END;

SELECT @outcome AS outcome, @short AS sku;
SELECT o.id, o.correlation_id, c.user_id,
    CASE WHEN @told_at IS NULL THEN o.status ELSE @P2 END AS status,
    COALESCE(@told_at, o.updated_at) AS updated_at
FROM dbo.orders AS o
INNER JOIN dbo.customers AS c ON c.id = o.customer_id
WHERE o.id = @order;

COMMIT TRANSACTION;
