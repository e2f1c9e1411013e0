-- Purpose: the last round of recurring work and the fencing number of its holder.
-- Runs as one batch inside one transaction under the migration lock; needs no GO.

CREATE TABLE dbo.Schedule (
    Name nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    LastRound bigint NOT NULL,
    Fence bigint NOT NULL,
    CONSTRAINT PK_Schedule PRIMARY KEY CLUSTERED (Name)
);
