-- Stock is taken when an order is accepted, no longer when it is completed, and given back when the order fails or is cancelled.

-- Pieces that the line holds. NULL: accepted by a pod of the release before; completing takes them.
ALTER TABLE OrderItem ADD COLUMN Taken INTEGER CHECK (Taken >= 0);
