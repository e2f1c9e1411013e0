-- Purpose: where an order stands, whoever owns it, deleted or not.
-- Parameters: @P1 uniqueidentifier correlation id.
-- Results: the order's snapshot, or no row.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
SELECT o.id, o.correlation_id, c.user_id, o.status, o.updated_at
FROM dbo.orders AS o
INNER JOIN dbo.customers AS c ON c.id = o.customer_id
WHERE o.correlation_id = @P1;
