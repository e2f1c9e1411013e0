-- Purpose: the largest fencing number seen for each lock: a holder with a smaller one comes too late.
-- Runs as one batch inside one transaction under the migration lock; needs no GO.

CREATE TABLE dbo.LockFence (
    Name nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    Fence bigint NOT NULL,
    CONSTRAINT PK_LockFence PRIMARY KEY CLUSTERED (Name)
);
