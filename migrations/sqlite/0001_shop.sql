-- The shop (requirements 2.3). Times are microseconds since 1970, amounts are cents, UUIDs are 16 bytes.

CREATE TABLE Customer (
  Id        INTEGER PRIMARY KEY,
  UserId    TEXT    NOT NULL UNIQUE,
  IsDeleted INTEGER NOT NULL DEFAULT 0 CHECK (IsDeleted IN (0, 1)),
  CreatedAt INTEGER NOT NULL,
  UpdatedAt INTEGER NOT NULL
) STRICT;

CREATE TABLE Product (
  Id             INTEGER PRIMARY KEY,
  Sku            TEXT    NOT NULL UNIQUE CHECK (length(Sku) BETWEEN 1 AND 64),
  Name           TEXT    NOT NULL,
  Category       TEXT    NOT NULL,
  Vendor         TEXT    NOT NULL,
  ImageUrl       TEXT    NOT NULL,
  Discount       INTEGER NOT NULL CHECK (Discount BETWEEN 0 AND 100),
  BillingPeriod  TEXT    NOT NULL CHECK (BillingPeriod IN ('Monthly', 'Annual')),
  IsSubscription INTEGER NOT NULL CHECK (IsSubscription IN (0, 1)),
  PriceCents     INTEGER NOT NULL CHECK (PriceCents >= 0),
  Stock          INTEGER CHECK (Stock >= 0),
  IsActive       INTEGER NOT NULL DEFAULT 1 CHECK (IsActive IN (0, 1)),
  IsDeleted      INTEGER NOT NULL DEFAULT 0 CHECK (IsDeleted IN (0, 1)),
  CreatedAt      INTEGER NOT NULL,
  UpdatedAt      INTEGER NOT NULL
) STRICT;

CREATE TABLE "Order" (
  Id            INTEGER PRIMARY KEY,
  CorrelationId BLOB    NOT NULL UNIQUE CHECK (length(CorrelationId) = 16),
  CustomerId    INTEGER NOT NULL REFERENCES Customer (Id),
  Status        TEXT    NOT NULL CHECK (Status IN ('ACCEPTED', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  TotalCents    INTEGER NOT NULL CHECK (TotalCents >= 0),
  IsDeleted     INTEGER NOT NULL DEFAULT 0 CHECK (IsDeleted IN (0, 1)),
  CreatedAt     INTEGER NOT NULL,
  UpdatedAt     INTEGER NOT NULL
) STRICT;

-- Serves lists: newest first, the row number breaks ties.
CREATE INDEX OrderOfCustomer ON "Order" (CustomerId, CreatedAt) WHERE IsDeleted = 0;

-- Clustered on the order, so that the lines of one order are one seek and insertion is an append.
CREATE TABLE OrderItem (
  OrderId        INTEGER NOT NULL REFERENCES "Order" (Id),
  Line           INTEGER NOT NULL,
  ProductId      INTEGER NOT NULL REFERENCES Product (Id),
  ProductName    TEXT    NOT NULL,
  ImageUrl       TEXT    NOT NULL,
  UnitPriceCents INTEGER NOT NULL CHECK (UnitPriceCents >= 0),
  Quantity       INTEGER NOT NULL CHECK (Quantity BETWEEN 1 AND 1000),
  PRIMARY KEY (OrderId, Line)
) STRICT, WITHOUT ROWID;

-- A status is reached at most once, because every move raises the rank.
CREATE TABLE OrderHistory (
  OrderId INTEGER NOT NULL REFERENCES "Order" (Id),
  Status  TEXT    NOT NULL,
  At      INTEGER NOT NULL,
  Reason  TEXT,
  PRIMARY KEY (OrderId, Status)
) STRICT, WITHOUT ROWID;

-- Row numbers follow age, so that forgetting old records reads only the head.
CREATE TABLE IdempotencyRecord (
  Id          INTEGER PRIMARY KEY,
  CustomerId  INTEGER NOT NULL,
  Key         TEXT    NOT NULL,
  Fingerprint BLOB    NOT NULL CHECK (length(Fingerprint) = 32),
  OrderId     INTEGER NOT NULL,
  CreatedAt   INTEGER NOT NULL,
  UNIQUE (CustomerId, Key)
) STRICT;

-- AUTOINCREMENT: a sequence must not come back after pruning, readers remember how far they got.
CREATE TABLE Outbox (
  Sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
  EventId       BLOB    NOT NULL,
  CorrelationId BLOB    NOT NULL,
  OrderId       INTEGER NOT NULL,
  Status        TEXT    NOT NULL,
  OccurredAt    INTEGER NOT NULL,
  TraceParent   TEXT,
  ClaimedUntil  INTEGER NOT NULL DEFAULT 0,
  PublishedAt   INTEGER
) STRICT;

CREATE INDEX OutboxUnpublished ON Outbox (Sequence) WHERE PublishedAt IS NULL;
