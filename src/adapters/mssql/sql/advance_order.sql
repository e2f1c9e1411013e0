-- Purpose: makes one named move of an order; history and outbox entry are written with it, failing gives the stock back.
--   Completing takes the stock of lines that the release before accepted.
--   Running it again with the same event id after a lost answer finds the event and writes nothing.
-- Parameters: @P1 uniqueidentifier correlation id; @P2 nvarchar target status; @P3 nvarchar legal statuses to come from as a JSON
--   array; @P4 nvarchar reason or NULL; @P5 bigint job and @P6 bigint fence of the lease, or NULL; @P7 uniqueidentifier event id;
--   @P8 nvarchar trace parent or NULL; @P9 bigint microseconds that the event is left to its process;
--   @P10 bigint the failed job that is the cause, or NULL.
-- Results: the order's snapshot, NULL where there is none, with (Outcome: applied, already, refused, shortage, price_mismatch, lease_lost or
--   not_found; Sku of the shortage; Sequence of the event).
-- Locks: the order's row, the row of the lease or of the failed job (so that neither goes away before the commit), the rows of the products whose stock
--   changes, by Sku, each by a seek.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @outcome nvarchar(20) = N'not_found';
DECLARE @order bigint;
DECLARE @status nvarchar(10);
DECLARE @total bigint;
DECLARE @short nvarchar(64);
DECLARE @held int = 1;
DECLARE @failed int = 1;
DECLARE @told_at bigint;
DECLARE @version int;
DECLARE @change TABLE (Sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY, Line int NOT NULL, Pieces int NOT NULL);
DECLARE @stock TABLE (Sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY, Stock int NULL);

BEGIN TRANSACTION;

SELECT @order = Id, @status = Status, @total = TotalCents
FROM dbo.[Order] WITH (UPDLOCK, ROWLOCK) WHERE CorrelationId = @P1;

SELECT @told_at = (SELECT e.OccurredAt FROM dbo.Outbox AS e WHERE e.EventId = @P7),
    @version = COALESCE(
        (SELECT e.Version FROM dbo.Outbox AS e WHERE e.EventId = @P7),
        (SELECT COUNT(*) FROM dbo.OrderHistory AS h WHERE h.OrderId = @order)
    );

IF @P5 IS NOT NULL AND @told_at IS NULL
BEGIN
    SELECT @held = COUNT(*) FROM jobs.JobRunning WITH (UPDLOCK, ROWLOCK) WHERE JobId = @P5 AND Fence = @P6;
END;

IF @P10 IS NOT NULL AND @told_at IS NULL
BEGIN
    SELECT @failed = COUNT(*) FROM jobs.JobFailed WITH (UPDLOCK, ROWLOCK) WHERE JobId = @P10;
END;

SET @outcome = CASE
    WHEN @told_at IS NOT NULL THEN N'applied'
    WHEN @order IS NULL THEN N'not_found'
    WHEN @held = 0 THEN N'lease_lost'
    WHEN @status = @P2 THEN N'already'
    WHEN @failed = 0 THEN N'refused'
    WHEN NOT EXISTS (SELECT 1 FROM OPENJSON(@P3) AS f WHERE f.[value] = @status) THEN N'refused'
    ELSE N'move'
END;

IF @outcome = N'move' AND @P2 = N'COMPLETED'
BEGIN
    SELECT @outcome = N'price_mismatch'
    FROM (
        SELECT COUNT(*) AS Lines, COUNT(p.Id) AS Sold, COALESCE(SUM(l.UnitPriceCents * l.Quantity), 0) AS Total
        FROM dbo.OrderItem AS l
        LEFT JOIN dbo.Product AS p WITH (FORCESEEK) ON p.Sku = l.Sku AND p.IsActive = 1 AND p.IsDeleted = 0
        WHERE l.OrderId = @order
    ) AS s
    WHERE s.Lines = 0 OR s.Total <> @total OR s.Lines <> s.Sold;
END;

IF @outcome = N'move' AND @P2 IN (N'COMPLETED', N'FAILED', N'CANCELLED')
BEGIN
    INSERT INTO @change (Sku, Line, Pieces)
    SELECT l.Sku, l.Line, CASE WHEN l.Taken IS NULL THEN 0 - l.Quantity ELSE l.Taken END
    FROM dbo.OrderItem AS l
    WHERE l.OrderId = @order
        AND ((@P2 = N'COMPLETED' AND l.Taken IS NULL) OR (@P2 IN (N'FAILED', N'CANCELLED') AND l.Taken > 0));
END;

IF EXISTS (SELECT 1 FROM @change)
BEGIN
    -- Every product of the order is locked before its stock is looked at; read in the order of the key, which a loop keeps.
    INSERT INTO @stock (Sku, Stock)
    SELECT p.Sku, p.Stock
    FROM @change AS c
    INNER LOOP JOIN dbo.Product AS p WITH (UPDLOCK, ROWLOCK, FORCESEEK) ON p.Sku = c.Sku
    OPTION (MAXDOP 1);

    SELECT TOP (1) @short = c.Sku, @outcome = N'shortage'
    FROM @change AS c
    INNER JOIN @stock AS s ON s.Sku = c.Sku
    WHERE s.Stock + c.Pieces < 0
    ORDER BY c.Line;
END;

IF @outcome = N'move' AND EXISTS (SELECT 1 FROM @change)
BEGIN
    UPDATE p SET p.Stock = p.Stock + c.Pieces, p.UpdatedAt = @now
    FROM @change AS c
    INNER LOOP JOIN dbo.Product AS p WITH (ROWLOCK, FORCESEEK) ON p.Sku = c.Sku
    WHERE p.Stock IS NOT NULL;
    UPDATE dbo.OrderItem SET Taken = 0 WHERE @P2 IN (N'FAILED', N'CANCELLED') AND OrderId = @order AND Taken > 0;
END;

IF @outcome = N'move'
BEGIN
    UPDATE dbo.[Order] SET Status = @P2, UpdatedAt = @now
    OUTPUT inserted.Id, @P2, @now, @P4 INTO dbo.OrderHistory (OrderId, Status, At, Reason)
    WHERE Id = @order;

    SET @version = @version + 1;
    INSERT INTO dbo.Outbox (EventId, CorrelationId, OrderId, Status, Version, OccurredAt, TraceParent)
    OUTPUT inserted.Sequence, @now + @P9 INTO dbo.OutboxPending (Sequence, ClaimedUntil)
    VALUES (@P7, @P1, @order, @P2, @version, @now, @P8);

    SET @outcome = N'applied';
END;

SELECT @outcome AS Outcome, @short AS Sku,
    (SELECT CONVERT(bigint, e.Sequence) FROM dbo.Outbox AS e WHERE e.EventId = @P7) AS Sequence,
    o.Id, o.CorrelationId, c.UserId,
    CASE WHEN @told_at IS NULL THEN o.Status ELSE @P2 END AS Status,
    COALESCE(@told_at, o.UpdatedAt) AS UpdatedAt,
    @version AS Version
FROM (SELECT @order AS Id) AS w
LEFT LOOP JOIN dbo.[Order] AS o WITH (FORCESEEK) ON o.Id = w.Id
LEFT LOOP JOIN dbo.Customer AS c WITH (FORCESEEK) ON c.Id = o.CustomerId;

COMMIT TRANSACTION;
