-- Purpose: reports seek their span of time instead of scanning every order, through rows that others have locked.
-- Runs as one batch inside one transaction under the migration lock; needs no GO.

CREATE INDEX IX_Order_Created ON dbo.[Order] (CreatedAt) INCLUDE (Status, TotalCents, IsDeleted);
