-- Purpose: versions of orders: the number of rows in the history. A status may be reached again after a requeue, so the history is
--   keyed by a number of its own. Pods of the release before go on writing: they name their columns, and what they leave out may be NULL.
-- Runs as one batch inside one transaction under the migration lock; needs no GO.

ALTER TABLE dbo.OrderHistory DROP CONSTRAINT PK_OrderHistory;

ALTER TABLE dbo.OrderHistory ADD Id bigint IDENTITY(1, 1) NOT NULL;

ALTER TABLE dbo.OrderHistory ADD CONSTRAINT PK_OrderHistory PRIMARY KEY CLUSTERED (OrderId, Id);

-- NULL: written by a pod of the release before; its status tells.
ALTER TABLE dbo.Outbox ADD Version int NULL;

CREATE INDEX IX_Outbox_Order ON dbo.Outbox (OrderId);
