-- Purpose: cancels and hides an order that is not finished, with history and outbox entry; its stock is given back.
--   Running it again with the same event id after a lost answer finds its own cancellation and writes nothing.
-- Parameters: @P1 varbinary user digest; @P2 bigint order; @P3 uniqueidentifier event id;
--   @P4 bigint microseconds that the event is left to its process.
-- Results: (Outcome: cancelled, finished, not_owner or not_found; Sequence of the event); the order's snapshot.
-- Locks: the order's row, the rows of limited products, by Sku, each by a seek.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @outcome nvarchar(20);
DECLARE @caller bigint;
DECLARE @owner bigint;
DECLARE @status nvarchar(10);
DECLARE @deleted bit;
DECLARE @removed_by uniqueidentifier;
DECLARE @version int;
DECLARE @back TABLE (Sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY, Pieces int NOT NULL);

BEGIN TRANSACTION;

SELECT @caller = Id FROM dbo.Customer WHERE UserDigest = @P1;
SELECT @owner = CustomerId, @status = Status, @deleted = IsDeleted, @removed_by = RemovedBy
FROM dbo.[Order] WITH (UPDLOCK, ROWLOCK) WHERE Id = @P2;

SET @outcome = CASE
    WHEN @removed_by = @P3 THEN N'cancelled'
    WHEN @owner IS NULL OR @deleted = 1 OR @caller IS NULL THEN N'not_found'
    WHEN @owner <> @caller THEN N'not_owner'
    WHEN @status IN (N'ACCEPTED', N'PROCESSING') THEN N'cancel'
    ELSE N'finished'
END;

IF @outcome = N'cancel'
BEGIN
    UPDATE dbo.[Order] SET IsDeleted = 1, RemovedBy = @P3, Status = N'CANCELLED', UpdatedAt = @now WHERE Id = @P2;

    INSERT INTO @back (Sku, Pieces) SELECT l.Sku, l.Taken FROM dbo.OrderItem AS l WHERE l.OrderId = @P2 AND l.Taken > 0;
    -- Read in the order of the key, which a loop keeps.
    UPDATE p SET p.Stock = p.Stock + b.Pieces, p.UpdatedAt = @now
    FROM @back AS b
    INNER LOOP JOIN dbo.Product AS p WITH (ROWLOCK, FORCESEEK) ON p.Sku = b.Sku
    WHERE p.Stock IS NOT NULL
    OPTION (MAXDOP 1);
    UPDATE dbo.OrderItem SET Taken = 0 WHERE OrderId = @P2 AND Taken > 0;

    INSERT INTO dbo.OrderHistory (OrderId, Status, At, Reason) VALUES (@P2, N'CANCELLED', @now, NULL);

    SELECT @version = COUNT(*) FROM dbo.OrderHistory WHERE OrderId = @P2;
    INSERT INTO dbo.Outbox (EventId, CorrelationId, OrderId, Status, Version, OccurredAt)
    OUTPUT inserted.Sequence, @now + @P4 INTO dbo.OutboxPending (Sequence, ClaimedUntil)
    SELECT @P3, o.CorrelationId, o.Id, N'CANCELLED', @version, @now FROM dbo.[Order] AS o WHERE o.Id = @P2;
END;

SELECT CASE @outcome WHEN N'cancel' THEN N'cancelled' ELSE @outcome END AS Outcome,
    (SELECT CONVERT(bigint, e.Sequence) FROM dbo.Outbox AS e WHERE e.EventId = @P3) AS Sequence;
SELECT o.Id, o.CorrelationId, c.UserId, o.Status, o.UpdatedAt,
    (SELECT COUNT(*) FROM dbo.OrderHistory AS h WHERE h.OrderId = o.Id) AS Version
FROM dbo.[Order] AS o
INNER JOIN dbo.Customer AS c ON c.Id = o.CustomerId
WHERE o.Id = @P2;

COMMIT TRANSACTION;
