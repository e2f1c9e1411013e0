-- Purpose: a part of an owner's orders, newest first.
-- Parameters: @P1 varbinary user digest; @P2 nvarchar status or NULL; @P3 bigint from and @P4 bigint to in microseconds, or NULL;
--   @P5 bigint offset; @P6 bigint size.
-- Results: (total bigint); the orders; their lines.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
DECLARE @customer bigint;
DECLARE @page TABLE (id bigint NOT NULL PRIMARY KEY);
SELECT @customer = id FROM dbo.customers WHERE user_digest = @P1;

SELECT COUNT_BIG(*) AS total
FROM dbo.orders AS o
WHERE o.customer_id = @customer AND o.is_deleted = 0 AND (@P2 IS NULL OR o.status = @P2)
    AND (@P3 IS NULL OR o.created_at >= @P3) AND (@P4 IS NULL OR o.created_at < @P4);

INSERT INTO @page (id)
SELECT o.id
FROM dbo.orders AS o
WHERE o.customer_id = @customer AND o.is_deleted = 0 AND (@P2 IS NULL OR o.status = @P2)
    AND (@P3 IS NULL OR o.created_at >= @P3) AND (@P4 IS NULL OR o.created_at < @P4)
ORDER BY o.created_at DESC, o.id DESC
OFFSET @P5 ROWS FETCH NEXT @P6 ROWS ONLY;

SELECT o.id, o.correlation_id, c.user_id, o.status, o.created_at, o.updated_at
FROM @page AS p
INNER JOIN dbo.orders AS o ON o.id = p.id
INNER JOIN dbo.customers AS c ON c.id = o.customer_id
ORDER BY o.created_at DESC, o.id DESC;

SELECT l.order_id, l.sku, l.product_name, l.image_url, l.unit_price_cents, l.quantity
FROM @page AS p
INNER JOIN dbo.order_lines AS l ON l.order_id = p.id
ORDER BY l.order_id, l.line_no;
