-- Purpose: accepts an order: customer (on first use), order, lines, stock, history, event, idempotency record and job commit together.
--   Running it again with the same correlation id after a lost answer finds the order and stores nothing.
-- Parameters: @P1 uniqueidentifier correlation id; @P2 varbinary user digest, @P3 nvarchar user id;
--   @P4 nvarchar lines as JSON [{"s": SKU, "q": quantity}]; @P5 nvarchar idempotency key or NULL, @P6 varbinary its fingerprint;
--   the job: @P7 queue, @P8 kind, @P9 args, @P10 bigint delay in microseconds, @P11 int attempts, @P12 unique key or NULL,
--   @P13 trace parent or NULL; @P14 uniqueidentifier event id; @P15 bigint microseconds that the event is left to its process.
-- Results: the order, NULL where there is none, with (Outcome: created, replayed, key_reused, unknown_products or out_of_stock; Sequence of
--   the event); its lines; (Sku, Stock) of what is unknown or short, only if something is.
-- Locks: the rows of limited products, by Sku, each by a seek, so that two orders never wait for each other in a circle; the new rows.
--   No key ranges: they would make new customers wait for each other. Unique indexes decide every race (a new customer, an idempotency
--   key, a job's key, the correlation id); the loser gets 2627, runs again and finds what the winner stored.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @day bigint = CONVERT(bigint, 86400) * 1000000;
DECLARE @outcome nvarchar(20) = N'created';
DECLARE @customer bigint;
DECLARE @order bigint;
DECLARE @job bigint;
DECLARE @unknown int;
DECLARE @limited int;
DECLARE @short int = 0;
DECLARE @lines TABLE (
    Line int NOT NULL PRIMARY KEY,
    Sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    Quantity int NOT NULL,
    ProductName nvarchar(200) NULL,
    ImageUrl nvarchar(400) NULL,
    UnitPriceCents bigint NULL,
    Limited int NOT NULL
);
DECLARE @wanted TABLE (Sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY);
DECLARE @stock TABLE (Sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY, Stock int NULL);

BEGIN TRANSACTION;

SELECT @customer = (SELECT c.Id FROM dbo.Customer AS c WHERE c.UserDigest = @P2),
    @order = (SELECT o.Id FROM dbo.[Order] AS o WHERE o.CorrelationId = @P1);

INSERT INTO @lines (Line, Sku, Quantity, ProductName, ImageUrl, UnitPriceCents, Limited)
SELECT CONVERT(int, l.[key]), JSON_VALUE(l.[value], '$.s'), CONVERT(int, JSON_VALUE(l.[value], '$.q')), p.Name, p.ImageUrl,
    (p.PriceCents * (100 - p.Discount) + 50) / 100, CASE WHEN p.Stock IS NULL THEN 0 ELSE 1 END
FROM OPENJSON(@P4) AS l
LEFT LOOP JOIN dbo.Product AS p WITH (FORCESEEK)
    ON p.Sku = JSON_VALUE(l.[value], '$.s') COLLATE Latin1_General_100_BIN2 AND p.IsActive = 1 AND p.IsDeleted = 0;

SELECT @unknown = COUNT(CASE WHEN l.UnitPriceCents IS NULL THEN 1 END), @limited = SUM(l.Limited) FROM @lines AS l;

IF @customer IS NULL AND @unknown = 0
BEGIN
    INSERT INTO dbo.Customer (UserDigest, UserId, CreatedAt, UpdatedAt) VALUES (@P2, @P3, @now, @now);
    SET @customer = CONVERT(bigint, SCOPE_IDENTITY());
END;

IF @order IS NULL AND @P5 IS NOT NULL
BEGIN
    SELECT @order = k.OrderId, @outcome = CASE WHEN k.Fingerprint = @P6 THEN N'replayed' ELSE N'key_reused' END
    FROM dbo.IdempotencyRecord AS k WITH (UPDLOCK, ROWLOCK)
    WHERE k.CustomerId = @customer AND k.Route = N'POST /api/orders' AND k.[Key] = @P5 AND k.CreatedAt > @now - @day;
END;

-- Locked as they are read: nobody else takes these pieces before the commit. Products without a limit are not touched.
IF @order IS NULL AND @unknown = 0 AND @limited > 0
BEGIN
    INSERT INTO @wanted (Sku) SELECT l.Sku FROM @lines AS l WHERE l.Limited = 1;
    -- Read in the order of its key, which a loop keeps.
    INSERT INTO @stock (Sku, Stock)
    SELECT p.Sku, p.Stock
    FROM @wanted AS w
    INNER LOOP JOIN dbo.Product AS p WITH (UPDLOCK, ROWLOCK, FORCESEEK) ON p.Sku = w.Sku
    OPTION (MAXDOP 1);
    SELECT @short = COUNT(*) FROM @stock AS s INNER JOIN @lines AS l ON l.Sku = s.Sku WHERE s.Stock < l.Quantity;
END;

IF @order IS NULL AND (@unknown > 0 OR @short > 0)
BEGIN
    SET @outcome = CASE WHEN @unknown > 0 THEN N'unknown_products' ELSE N'out_of_stock' END;
END;

IF @order IS NULL AND @outcome = N'created'
BEGIN
    IF @limited > 0
    BEGIN
        UPDATE p SET p.Stock = p.Stock - l.Quantity, p.UpdatedAt = @now
        FROM @stock AS s
        INNER JOIN @lines AS l ON l.Sku = s.Sku
        INNER LOOP JOIN dbo.Product AS p WITH (ROWLOCK, FORCESEEK) ON p.Sku = s.Sku
        WHERE s.Stock IS NOT NULL;
    END;

    INSERT INTO dbo.[Order] (CorrelationId, CustomerId, Status, TotalCents, CreatedAt, UpdatedAt)
    SELECT @P1, @customer, N'ACCEPTED', SUM(l.UnitPriceCents * l.Quantity), @now, @now FROM @lines AS l;
    SET @order = CONVERT(bigint, SCOPE_IDENTITY());

    INSERT INTO dbo.OrderItem (OrderId, Line, Sku, ProductName, ImageUrl, UnitPriceCents, Quantity, Taken)
    SELECT @order, l.Line, l.Sku, l.ProductName, l.ImageUrl, l.UnitPriceCents, l.Quantity,
        CASE WHEN s.Stock IS NULL THEN 0 ELSE l.Quantity END
    FROM @lines AS l
    LEFT JOIN @stock AS s ON s.Sku = l.Sku;

    INSERT INTO dbo.OrderHistory (OrderId, Status, At, Reason) VALUES (@order, N'ACCEPTED', @now, NULL);

    INSERT INTO dbo.Outbox (EventId, CorrelationId, OrderId, Status, Version, OccurredAt, TraceParent)
    OUTPUT inserted.Sequence, @now + @P15 INTO dbo.OutboxPending (Sequence, ClaimedUntil)
    VALUES (@P14, @P1, @order, N'ACCEPTED', 1, @now, @P13);

    IF @P5 IS NOT NULL
    BEGIN
        -- Only a record too old to count can be in the way.
        DELETE FROM dbo.IdempotencyRecord
        WHERE CustomerId = @customer AND Route = N'POST /api/orders' AND [Key] = @P5;
        INSERT INTO dbo.IdempotencyRecord (CustomerId, Route, [Key], Fingerprint, OrderId, CreatedAt)
        VALUES (@customer, N'POST /api/orders', @P5, @P6, @order, @now);
    END;

    IF @P12 IS NOT NULL
    BEGIN
        SELECT @job = k.JobId FROM jobs.JobKey AS k WHERE k.UniqueKey = @P12;
    END;
    IF @job IS NULL
    BEGIN
        SET @job = NEXT VALUE FOR jobs.JobNumber;
        INSERT INTO jobs.Job (Id, Queue, Kind, Args, MaxAttempts, UniqueKey, TraceParent, CreatedAt, DueAt, Attempts, Fence)
        OUTPUT inserted.Queue, inserted.DueAt, inserted.Id INTO jobs.JobReady (Queue, DueAt, JobId)
        VALUES (@job, @P7, @P8, @P9, @P11, @P12, @P13, @now, @now + @P10, 0, 0);
        IF @P12 IS NOT NULL
        BEGIN
            INSERT INTO jobs.JobKey (UniqueKey, JobId) VALUES (@P12, @job);
        END;
    END;
END;

SELECT @outcome AS Outcome, (SELECT CONVERT(bigint, e.Sequence) FROM dbo.Outbox AS e WHERE e.EventId = @P14) AS Sequence,
    o.Id, o.CorrelationId, @P3 AS UserId, o.Status, o.CreatedAt, o.UpdatedAt, 1 AS Version
FROM (SELECT @order AS Id) AS w
LEFT LOOP JOIN dbo.[Order] AS o WITH (FORCESEEK) ON o.Id = w.Id;
SELECT l.OrderId, l.Sku, l.ProductName, l.ImageUrl, l.UnitPriceCents, l.Quantity
FROM dbo.OrderItem AS l WHERE l.OrderId = @order ORDER BY l.Line;
IF @unknown > 0 OR @short > 0
BEGIN
    SELECT l.Sku, s.Stock
    FROM @lines AS l
    LEFT JOIN @stock AS s ON s.Sku = l.Sku
    WHERE l.UnitPriceCents IS NULL OR s.Stock < l.Quantity
    ORDER BY l.Line;
END;

COMMIT TRANSACTION;
