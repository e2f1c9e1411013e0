-- The last round of recurring work and the fencing number of its holder.
CREATE TABLE Schedule (
  Name      TEXT    NOT NULL PRIMARY KEY,
  LastRound INTEGER NOT NULL,
  Fence     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is not finished is little, however many orders there are.
CREATE INDEX OrderUnfinished ON "Order" (UpdatedAt) WHERE Status IN ('ACCEPTED', 'PROCESSING');
