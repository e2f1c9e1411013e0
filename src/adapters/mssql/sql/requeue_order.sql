-- Purpose: accepts a failed order again and makes its failed job due; stock, history and outbox entry are written with it.
--   Running it again with the same event id after a lost answer finds the event and writes nothing.
-- Parameters: @P1 uniqueidentifier correlation id; @P2 bigint job; @P3 uniqueidentifier event id;
--   @P4 bigint microseconds that the event is left to its process.
-- Results: (Outcome: requeued, not_failed, shortage, job_not_failed or not_found; Sku of the shortage; Sequence of the event);
--   the order's snapshot.
-- Locks: the order's row, the job's rows, the rows of the order's products, by Sku, each by a seek.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @outcome nvarchar(20);
DECLARE @order bigint;
DECLARE @status nvarchar(10);
DECLARE @short nvarchar(64);
DECLARE @told int;
DECLARE @failed int;
DECLARE @version int;
DECLARE @wanted TABLE (Sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY, Line int NOT NULL, Quantity int NOT NULL);
DECLARE @stock TABLE (Line int NOT NULL PRIMARY KEY, Sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL, Stock int NULL, Quantity int NOT NULL);

BEGIN TRANSACTION;

SELECT @order = Id, @status = Status FROM dbo.[Order] WITH (UPDLOCK, ROWLOCK) WHERE CorrelationId = @P1;
SELECT @told = COUNT(*) FROM dbo.Outbox WHERE EventId = @P3;
SELECT @failed = COUNT(*) FROM jobs.JobFailed WITH (UPDLOCK, ROWLOCK) WHERE JobId = @P2;

SET @outcome = CASE
    WHEN @told = 1 THEN N'requeued'
    WHEN @order IS NULL THEN N'not_found'
    WHEN @status <> N'FAILED' THEN N'not_failed'
    ELSE N'requeue'
END;

IF @outcome = N'requeue'
BEGIN
    INSERT INTO @wanted (Sku, Line, Quantity) SELECT l.Sku, l.Line, l.Quantity FROM dbo.OrderItem AS l WHERE l.OrderId = @order;
    -- Read in the order of the key, which a loop keeps.
    INSERT INTO @stock (Line, Sku, Stock, Quantity)
    SELECT w.Line, p.Sku, p.Stock, w.Quantity
    FROM @wanted AS w
    INNER LOOP JOIN dbo.Product AS p WITH (UPDLOCK, ROWLOCK, FORCESEEK) ON p.Sku = w.Sku
    OPTION (MAXDOP 1);
    SELECT TOP (1) @short = s.Sku, @outcome = N'shortage' FROM @stock AS s WHERE s.Stock < s.Quantity ORDER BY s.Line;
END;

IF @outcome = N'requeue' AND @failed = 0
BEGIN
    SET @outcome = N'job_not_failed';
END;

IF @outcome = N'requeue'
BEGIN
    UPDATE p SET p.Stock = p.Stock - s.Quantity, p.UpdatedAt = @now
    FROM @stock AS s
    INNER LOOP JOIN dbo.Product AS p WITH (ROWLOCK, FORCESEEK) ON p.Sku = s.Sku
    WHERE s.Stock IS NOT NULL;
    UPDATE l SET l.Taken = CASE WHEN s.Stock IS NULL THEN 0 ELSE s.Quantity END
    FROM @stock AS s
    INNER LOOP JOIN dbo.OrderItem AS l WITH (ROWLOCK, FORCESEEK) ON l.OrderId = @order AND l.Line = s.Line;

    UPDATE dbo.[Order] SET Status = N'ACCEPTED', UpdatedAt = @now WHERE Id = @order;
    INSERT INTO dbo.OrderHistory (OrderId, Status, At, Reason) VALUES (@order, N'ACCEPTED', @now, N'requeued by an operator');

    SELECT @version = COUNT(*) FROM dbo.OrderHistory WHERE OrderId = @order;
    INSERT INTO dbo.Outbox (EventId, CorrelationId, OrderId, Status, Version, OccurredAt)
    OUTPUT inserted.Sequence, @now + @P4 INTO dbo.OutboxPending (Sequence, ClaimedUntil)
    VALUES (@P3, @P1, @order, N'ACCEPTED', @version, @now);

    DELETE FROM jobs.JobFailed WHERE JobId = @P2;
    UPDATE jobs.Job SET DueAt = @now, Attempts = 0 WHERE Id = @P2;
    INSERT INTO jobs.JobReady (Queue, DueAt, JobId) SELECT j.Queue, @now, j.Id FROM jobs.Job AS j WHERE j.Id = @P2;

    SET @outcome = N'requeued';
END;

SELECT @outcome AS Outcome, @short AS Sku, (SELECT CONVERT(bigint, e.Sequence) FROM dbo.Outbox AS e WHERE e.EventId = @P3) AS Sequence;
SELECT o.Id, o.CorrelationId, c.UserId,
    CASE WHEN e.EventId IS NULL THEN o.Status ELSE e.Status END AS Status,
    COALESCE(e.OccurredAt, o.UpdatedAt) AS UpdatedAt,
    COALESCE(e.Version, (SELECT COUNT(*) FROM dbo.OrderHistory AS h WHERE h.OrderId = o.Id)) AS Version
FROM dbo.[Order] AS o
INNER JOIN dbo.Customer AS c ON c.Id = o.CustomerId
LEFT JOIN dbo.Outbox AS e ON e.EventId = @P3
WHERE o.Id = @order;

COMMIT TRANSACTION;
