-- Purpose: an owner's orders that follow a place, newest first. Reads no more of them than it returns, but for those a status leaves out.
-- Parameters: @P1 varbinary user digest; @P2 nvarchar status or NULL; @P3 bigint from and @P4 bigint to in microseconds, or NULL;
--   the place: @P5 bigint when its order was accepted, @P6 bigint its order; @P7 bigint size.
-- Results: the orders; their lines.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
DECLARE @customer bigint;
DECLARE @page TABLE (Id bigint NOT NULL PRIMARY KEY);
SELECT @customer = Id FROM dbo.Customer WHERE UserDigest = @P1;

INSERT INTO @page (Id)
SELECT o.Id
FROM dbo.[Order] AS o
WHERE o.CustomerId = @customer AND o.IsDeleted = 0 AND (@P2 IS NULL OR o.Status = @P2)
    AND (@P3 IS NULL OR o.CreatedAt >= @P3) AND (@P4 IS NULL OR o.CreatedAt < @P4)
    AND o.CreatedAt <= @P5 AND (o.CreatedAt < @P5 OR o.Id < @P6)
ORDER BY o.CreatedAt DESC, o.Id DESC
OFFSET 0 ROWS FETCH NEXT @P7 ROWS ONLY;

SELECT o.Id, o.CorrelationId, c.UserId, o.Status, o.CreatedAt, o.UpdatedAt,
    (SELECT COUNT(*) FROM dbo.OrderHistory AS h WHERE h.OrderId = o.Id) AS Version
FROM @page AS p
INNER LOOP JOIN dbo.[Order] AS o WITH (FORCESEEK) ON o.Id = p.Id
INNER LOOP JOIN dbo.Customer AS c WITH (FORCESEEK) ON c.Id = o.CustomerId
ORDER BY o.CreatedAt DESC, o.Id DESC;

SELECT l.OrderId, l.Sku, l.ProductName, l.ImageUrl, l.UnitPriceCents, l.Quantity
FROM @page AS p
INNER LOOP JOIN dbo.OrderItem AS l WITH (FORCESEEK) ON l.OrderId = p.Id
ORDER BY l.OrderId, l.Line;
