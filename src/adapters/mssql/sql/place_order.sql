-- Purpose: accepts an order: customer (on first use), order, lines, history, idempotency record and job commit together.
--   Running it again with the same correlation id after a lost answer finds the order and stores nothing.
-- Parameters: @P1 uniqueidentifier correlation id; @P2 varbinary user digest, @P3 nvarchar user id;
--   @P4 nvarchar lines as JSON [{"s": SKU, "q": quantity}]; @P5 nvarchar idempotency key or NULL, @P6 varbinary its fingerprint;
--   the job: @P7 queue, @P8 kind, @P9 args, @P10 bigint delay in microseconds, @P11 int attempts, @P12 unique key or NULL,
--   @P13 trace parent or NULL.
-- Results: (outcome: created, replayed, key_reused or unknown_products); the order; its lines; the unknown SKUs.
-- Locks: key range of the new customer, of the idempotency key and of the job's unique key, so that two requests with one key
--   run one after the other; the new rows. The unique index on the correlation id decides a race of two attempts.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @outcome nvarchar(20) = N'created';
DECLARE @customer bigint;
DECLARE @order bigint;
DECLARE @job bigint;
DECLARE @unknown int;
DECLARE @lines TABLE (
    line_no int NOT NULL PRIMARY KEY,
    sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    quantity int NOT NULL,
    product_name nvarchar(200) NULL,
    image_url nvarchar(400) NULL,
    unit_price_cents bigint NULL
);

BEGIN TRANSACTION;

SELECT @customer = id FROM dbo.customers WHERE user_digest = @P2;

INSERT INTO @lines (line_no, sku, quantity, product_name, image_url, unit_price_cents)
SELECT CONVERT(int, l.[key]), JSON_VALUE(l.[value], '$.s'), CONVERT(int, JSON_VALUE(l.[value], '$.q')), p.name, p.image_url,
    (p.price_cents * (100 - p.discount) + 50) / 100
FROM OPENJSON(@P4) AS l
LEFT JOIN dbo.products AS p
    ON p.sku = JSON_VALUE(l.[value], '$.s') COLLATE Latin1_General_100_BIN2 AND p.is_active = 1 AND p.is_deleted = 0;

SELECT @unknown = COUNT(*) FROM @lines WHERE unit_price_cents IS NULL;

IF @customer IS NULL AND @unknown = 0
BEGIN
    INSERT INTO dbo.customers (user_digest, user_id, created_at, updated_at)
    SELECT @P2, @P3, @now, @now
    WHERE NOT EXISTS (SELECT 1 FROM dbo.customers WITH (UPDLOCK, HOLDLOCK) WHERE user_digest = @P2);
    SELECT @customer = id FROM dbo.customers WHERE user_digest = @P2;
END;

SELECT @order = id FROM dbo.orders WHERE correlation_id = @P1;

IF @order IS NULL AND @P5 IS NOT NULL
BEGIN
    SELECT @order = k.order_id, @outcome = CASE WHEN k.fingerprint = @P6 THEN N'replayed' ELSE N'key_reused' END
    FROM dbo.idempotency_keys AS k WITH (UPDLOCK, HOLDLOCK)
    WHERE k.customer_id = @customer AND k.route = N'POST /api/orders' AND k.idempotency_key = @P5;
END;

IF @order IS NULL AND @unknown > 0
BEGIN
    SET @outcome = N'unknown_products';
END;

IF @order IS NULL AND @unknown = 0
BEGIN
    INSERT INTO dbo.orders (correlation_id, customer_id, status, total_cents, created_at, updated_at)
    SELECT @P1, @customer, N'ACCEPTED', SUM(l.unit_price_cents * l.quantity), @now, @now FROM @lines AS l;
    SET @order = CONVERT(bigint, SCOPE_IDENTITY());

    INSERT INTO dbo.order_lines (order_id, line_no, sku, product_name, image_url, unit_price_cents, quantity)
    SELECT @order, l.line_no, l.sku, l.product_name, l.image_url, l.unit_price_cents, l.quantity FROM @lines AS l;

    INSERT INTO dbo.order_history (order_id, from_status, to_status, reason, occurred_at)
    VALUES (@order, NULL, N'ACCEPTED', NULL, @now);

    INSERT INTO dbo.idempotency_keys (customer_id, route, idempotency_key, fingerprint, order_id, created_at)
    SELECT @customer, N'POST /api/orders', @P5, @P6, @order, @now WHERE @P5 IS NOT NULL;

    SELECT @job = k.job_id FROM dbo.job_keys AS k WITH (UPDLOCK, HOLDLOCK) WHERE k.unique_key = @P12;
    IF @job IS NULL
    BEGIN
        SET @job = NEXT VALUE FOR dbo.job_ids;
        INSERT INTO dbo.jobs (id, queue, kind, args, max_attempts, unique_key, trace_parent, created_at, attempts, fence)
        VALUES (@job, @P7, @P8, @P9, @P11, @P12, @P13, @now, 0, 0);
        INSERT INTO dbo.job_keys (unique_key, job_id) SELECT @P12, @job WHERE @P12 IS NOT NULL;
        INSERT INTO dbo.job_queue (queue, due_at, job_id, attempts, fence) VALUES (@P7, @now + @P10, @job, 0, 0);
    END;
END;

SELECT @outcome AS outcome;
SELECT o.id, o.correlation_id, @P3 AS user_id, o.status, o.created_at, o.updated_at FROM dbo.orders AS o WHERE o.id = @order;
SELECT l.order_id, l.sku, l.product_name, l.image_url, l.unit_price_cents, l.quantity
FROM dbo.order_lines AS l WHERE l.order_id = @order ORDER BY l.line_no;
SELECT l.sku FROM @lines AS l WHERE l.unit_price_cents IS NULL ORDER BY l.line_no;

COMMIT TRANSACTION;
