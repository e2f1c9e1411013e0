-- Purpose: one order of its owner.
-- Parameters: @P1 varbinary user digest; @P2 bigint order.
-- Results: the order; its lines. No row when it is unknown, deleted or somebody else's.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT o.id, o.correlation_id, c.user_id, o.status, o.created_at, o.updated_at
FROM dbo.orders AS o
INNER JOIN dbo.customers AS c ON c.id = o.customer_id
WHERE o.id = @P2 AND o.is_deleted = 0 AND c.user_digest = @P1;
SELECT l.order_id, l.sku, l.product_name, l.image_url, l.unit_price_cents, l.quantity
FROM dbo.order_lines AS l WHERE l.order_id = @P2 ORDER BY l.line_no;
