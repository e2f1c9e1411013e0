-- Purpose: the shop (requirements 2.3): orders, catalogue, idempotency records and the outbox.
-- Runs as one batch inside one transaction under the migration lock; needs no GO.
-- Times are bigint microseconds since 1970 (UTC), amounts are cents. Identifiers compare code by code (BIN2). No foreign keys and
-- no triggers: they would lock across hot tables, and OUTPUT INTO forbids them.

CREATE TABLE dbo.Customer (
    Id bigint IDENTITY(1, 1) NOT NULL,
    -- SHA-256 of UserId: SQL Server ignores trailing blanks when it compares text, which user ids must not.
    UserDigest binary(32) NOT NULL,
    UserId nvarchar(4000) COLLATE Latin1_General_100_BIN2 NOT NULL,
    IsDeleted bit NOT NULL CONSTRAINT DF_Customer_IsDeleted DEFAULT (0),
    CreatedAt bigint NOT NULL,
    UpdatedAt bigint NOT NULL,
    CONSTRAINT PK_Customer PRIMARY KEY CLUSTERED (Id),
    CONSTRAINT UQ_Customer_User UNIQUE (UserDigest)
);

CREATE TABLE dbo.Product (
    Id bigint IDENTITY(1, 1) NOT NULL,
    Sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    Name nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    Category nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    Vendor nvarchar(200) NOT NULL,
    ImageUrl nvarchar(400) NOT NULL,
    Discount int NOT NULL,
    BillingPeriod nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    IsSubscription bit NOT NULL,
    PriceCents bigint NOT NULL,
    -- NULL: cannot run out.
    Stock int NULL,
    IsActive bit NOT NULL CONSTRAINT DF_Product_IsActive DEFAULT (1),
    IsDeleted bit NOT NULL CONSTRAINT DF_Product_IsDeleted DEFAULT (0),
    CreatedAt bigint NOT NULL,
    UpdatedAt bigint NOT NULL,
    CONSTRAINT PK_Product PRIMARY KEY CLUSTERED (Id),
    CONSTRAINT UQ_Product_Sku UNIQUE (Sku),
    CONSTRAINT CK_Product_Discount CHECK (Discount BETWEEN 0 AND 100),
    CONSTRAINT CK_Product_Price CHECK (PriceCents >= 0),
    CONSTRAINT CK_Product_Stock CHECK (Stock IS NULL OR Stock >= 0),
    CONSTRAINT CK_Product_Billing CHECK (BillingPeriod IN (N'Monthly', N'Annual'))
);

CREATE TABLE dbo.[Order] (
    Id bigint IDENTITY(1, 1) NOT NULL,
    CorrelationId uniqueidentifier NOT NULL,
    CustomerId bigint NOT NULL,
    Status nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    TotalCents bigint NOT NULL,
    IsDeleted bit NOT NULL CONSTRAINT DF_Order_IsDeleted DEFAULT (0),
    -- The request that deleted it, so that its repetition after a lost answer is recognised.
    RemovedBy uniqueidentifier NULL,
    CreatedAt bigint NOT NULL,
    UpdatedAt bigint NOT NULL,
    CONSTRAINT PK_Order PRIMARY KEY CLUSTERED (Id),
    CONSTRAINT UQ_Order_Correlation UNIQUE (CorrelationId),
    CONSTRAINT CK_Order_Total CHECK (TotalCents >= 0),
    CONSTRAINT CK_Order_Status CHECK (Status IN (N'ACCEPTED', N'PROCESSING', N'COMPLETED', N'FAILED', N'CANCELLED'))
);

-- Serves lists: newest first, the row number breaks ties.
CREATE INDEX IX_Order_Customer ON dbo.[Order] (CustomerId, CreatedAt DESC, Id DESC) INCLUDE (Status, IsDeleted);

CREATE TABLE dbo.OrderItem (
    OrderId bigint NOT NULL,
    Line int NOT NULL,
    Sku nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    ProductName nvarchar(200) NOT NULL,
    ImageUrl nvarchar(400) NOT NULL,
    UnitPriceCents bigint NOT NULL,
    Quantity int NOT NULL,
    CONSTRAINT PK_OrderItem PRIMARY KEY CLUSTERED (OrderId, Line),
    CONSTRAINT CK_OrderItem_Price CHECK (UnitPriceCents >= 0),
    CONSTRAINT CK_OrderItem_Quantity CHECK (Quantity BETWEEN 1 AND 1000)
);

-- A status is reached at most once, because every move raises the rank.
CREATE TABLE dbo.OrderHistory (
    OrderId bigint NOT NULL,
    Status nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    At bigint NOT NULL,
    Reason nvarchar(max) NULL,
    CONSTRAINT PK_OrderHistory PRIMARY KEY CLUSTERED (OrderId, Status)
);

CREATE TABLE dbo.IdempotencyRecord (
    CustomerId bigint NOT NULL,
    Route nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [Key] nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    Fingerprint binary(32) NOT NULL,
    OrderId bigint NOT NULL,
    CreatedAt bigint NOT NULL,
    CONSTRAINT PK_IdempotencyRecord PRIMARY KEY CLUSTERED (CustomerId, Route, [Key])
);

CREATE INDEX IX_IdempotencyRecord_Age ON dbo.IdempotencyRecord (CreatedAt);

-- Insert-only: Sequence never changes, so MIN_ACTIVE_ROWVERSION() tells a reader up to where nothing can appear any more.
CREATE TABLE dbo.Outbox (
    Sequence rowversion NOT NULL,
    EventId uniqueidentifier NOT NULL,
    CorrelationId uniqueidentifier NOT NULL,
    OrderId bigint NOT NULL,
    Status nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    OccurredAt bigint NOT NULL,
    TraceParent nvarchar(200) NULL,
    CONSTRAINT PK_Outbox PRIMARY KEY CLUSTERED (Sequence),
    CONSTRAINT UQ_Outbox_Event UNIQUE (EventId)
);

-- One row per unpublished entry of Outbox.
CREATE TABLE dbo.OutboxPending (
    Sequence binary(8) NOT NULL,
    ClaimedUntil bigint NOT NULL,
    CONSTRAINT PK_OutboxPending PRIMARY KEY CLUSTERED (Sequence)
);

-- One row per published entry of Outbox, until both are pruned.
CREATE TABLE dbo.OutboxPublished (
    PublishedAt bigint NOT NULL,
    Sequence binary(8) NOT NULL,
    CONSTRAINT PK_OutboxPublished PRIMARY KEY CLUSTERED (PublishedAt, Sequence)
);
