-- The largest fencing number seen for each lock: a holder with a smaller one comes too late.
CREATE TABLE LockFence (
  Name  TEXT    NOT NULL PRIMARY KEY,
  Fence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
