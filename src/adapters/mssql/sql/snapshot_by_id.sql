-- Purpose: where an owner's order stands.
-- Parameters: @P1 varbinary user digest; @P2 bigint order.
-- Results: the order's snapshot; no row when it is unknown, deleted or somebody else's.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT o.id, o.correlation_id, c.user_id, o.status, o.updated_at
FROM dbo.orders AS o
INNER JOIN dbo.customers AS c ON c.id = o.customer_id
WHERE o.id = @P2 AND o.is_deleted = 0 AND c.user_digest = @P1;
