-- Versions of orders: the number of rows in the history. A status may be reached again after a requeue, so the history is keyed by a
-- number of its own. Pods of the release before go on writing: they name their columns, and what they leave out may be NULL.

ALTER TABLE OrderHistory RENAME TO OrderHistoryBefore;

CREATE TABLE OrderHistory (
  Id      INTEGER PRIMARY KEY,
  OrderId INTEGER NOT NULL REFERENCES "Order" (Id),
  Status  TEXT    NOT NULL,
  At      INTEGER NOT NULL,
  Reason  TEXT
) STRICT;

INSERT INTO OrderHistory (OrderId, Status, At, Reason)
SELECT OrderId, Status, At, Reason
FROM OrderHistoryBefore
ORDER BY OrderId, At, CASE Status WHEN 'ACCEPTED' THEN 1 WHEN 'PROCESSING' THEN 2 ELSE 3 END;

DROP TABLE OrderHistoryBefore;

CREATE INDEX OrderHistoryOfOrder ON OrderHistory (OrderId);

-- NULL: written by a pod of the release before; its status tells.
ALTER TABLE Outbox ADD COLUMN Version INTEGER;

CREATE INDEX OutboxOfOrder ON Outbox (OrderId);
