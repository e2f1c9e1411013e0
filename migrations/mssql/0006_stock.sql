-- Purpose: stock is taken when an order is accepted, no longer when it is completed, and given back when the order fails or is
--   cancelled.
-- Runs as one batch inside one transaction under the migration lock; needs no GO.

-- Pieces that the line holds. NULL: accepted by a pod of the release before; completing takes them.
ALTER TABLE dbo.OrderItem ADD Taken int NULL;
