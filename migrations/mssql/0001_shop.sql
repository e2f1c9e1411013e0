-- Purpose: orders, catalogue, idempotency records and the outbox.
-- Runs as one batch inside one transaction under the migration lock; needs no GO.
-- Times are bigint microseconds since 1970 (UTC). Identifiers compare byte by byte (BIN2). No foreign keys and no triggers:
-- they would lock across hot tables, and OUTPUT INTO forbids them.

CREATE TABLE dbo.customers (
    id bigint IDENTITY(1, 1) NOT NULL,
    -- SHA-256 of the user id: SQL Server ignores trailing blanks when it compares text, user ids must not.
    user_digest binary(32) NOT NULL,
    user_id nvarchar(4000) COLLATE Latin1_General_100_BIN2 NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    is_deleted bit NOT NULL CONSTRAINT df_customers_deleted DEFAULT (0),
    CONSTRAINT pk_customers PRIMARY KEY CLUSTERED (id),
    CONSTRAINT uq_customers_user UNIQUE (user_digest)
);

CREATE TABLE dbo.products (
    id bigint IDENTITY(1, 1) NOT NULL,
    sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    name nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    category nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    vendor nvarchar(200) NOT NULL,
    image_url nvarchar(400) NOT NULL,
    discount int NOT NULL,
    billing_period nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    is_subscription bit NOT NULL,
    price_cents bigint NOT NULL,
    -- NULL: cannot run out.
    stock int NULL,
    is_active bit NOT NULL CONSTRAINT df_products_active DEFAULT (1),
    is_deleted bit NOT NULL CONSTRAINT df_products_deleted DEFAULT (0),
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    CONSTRAINT pk_products PRIMARY KEY CLUSTERED (id),
    CONSTRAINT uq_products_sku UNIQUE (sku),
    CONSTRAINT ck_products_discount CHECK (discount BETWEEN 0 AND 100),
    CONSTRAINT ck_products_price CHECK (price_cents >= 0),
    CONSTRAINT ck_products_stock CHECK (stock IS NULL OR stock >= 0),
    CONSTRAINT ck_products_billing CHECK (billing_period IN (N'Monthly', N'Annual'))
);

CREATE TABLE dbo.orders (
    id bigint IDENTITY(1, 1) NOT NULL,
    correlation_id uniqueidentifier NOT NULL,
    customer_id bigint NOT NULL,
    status nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    total_cents bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    is_deleted bit NOT NULL CONSTRAINT df_orders_deleted DEFAULT (0),
    -- The request that deleted it, so that a repeated request after a lost answer is recognised.
    removed_by uniqueidentifier NULL,
    CONSTRAINT pk_orders PRIMARY KEY CLUSTERED (id),
    CONSTRAINT uq_orders_correlation UNIQUE (correlation_id),
    CONSTRAINT ck_orders_status CHECK (status IN (N'ACCEPTED', N'PROCESSING', N'COMPLETED', N'FAILED', N'CANCELLED'))
);

CREATE INDEX ix_orders_customer ON dbo.orders (customer_id, created_at DESC, id DESC) INCLUDE (status, is_deleted);

CREATE TABLE dbo.order_lines (
    order_id bigint NOT NULL,
    line_no int NOT NULL,
    sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    product_name nvarchar(200) NOT NULL,
    image_url nvarchar(400) NOT NULL,
    unit_price_cents bigint NOT NULL,
    quantity int NOT NULL,
    CONSTRAINT pk_order_lines PRIMARY KEY CLUSTERED (order_id, line_no),
    CONSTRAINT ck_order_lines_price CHECK (unit_price_cents >= 0),
    CONSTRAINT ck_order_lines_quantity CHECK (quantity BETWEEN 1 AND 1000)
);

CREATE TABLE dbo.order_history (
    order_id bigint NOT NULL,
    id bigint IDENTITY(1, 1) NOT NULL,
    from_status nvarchar(10) COLLATE Latin1_General_100_BIN2 NULL,
    to_status nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    reason nvarchar(max) NULL,
    occurred_at bigint NOT NULL,
    CONSTRAINT pk_order_history PRIMARY KEY CLUSTERED (order_id, id)
);

CREATE TABLE dbo.idempotency_keys (
    customer_id bigint NOT NULL,
    route nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    idempotency_key nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    fingerprint binary(32) NOT NULL,
    order_id bigint NOT NULL,
    created_at bigint NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY CLUSTERED (customer_id, route, idempotency_key)
);

CREATE INDEX ix_idempotency_keys_created ON dbo.idempotency_keys (created_at);

-- Insert-only: position never changes, so MIN_ACTIVE_ROWVERSION() tells a reader up to where nothing can appear any more.
CREATE TABLE dbo.outbox (
    position rowversion NOT NULL,
    event_id uniqueidentifier NOT NULL,
    correlation_id uniqueidentifier NOT NULL,
    order_id bigint NOT NULL,
    status nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    occurred_at bigint NOT NULL,
    trace_parent nvarchar(200) NULL,
    CONSTRAINT pk_outbox PRIMARY KEY CLUSTERED (position),
    CONSTRAINT uq_outbox_event UNIQUE (event_id)
);

-- One row per unpublished entry of dbo.outbox.
CREATE TABLE dbo.outbox_pending (
    position binary(8) NOT NULL,
    claimed_until bigint NOT NULL,
    claimed_by uniqueidentifier NULL,
    CONSTRAINT pk_outbox_pending PRIMARY KEY CLUSTERED (position)
);

-- One row per published entry of dbo.outbox, until both are pruned.
CREATE TABLE dbo.outbox_published (
    published_at bigint NOT NULL,
    position binary(8) NOT NULL,
    CONSTRAINT pk_outbox_published PRIMARY KEY CLUSTERED (published_at, position)
);
