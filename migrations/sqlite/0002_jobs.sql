-- Background jobs. Fetching and finishing touch narrow rows only; the payload is written once.

-- AUTOINCREMENT: a number must not come back after pruning, a late owner would own the new job.
-- DueAt, Attempts, Fence and LastError are those of the last time the job came back to its queue.
CREATE TABLE Job (
  Id          INTEGER PRIMARY KEY AUTOINCREMENT,
  Queue       TEXT    NOT NULL,
  Kind        TEXT    NOT NULL,
  Args        TEXT    NOT NULL,
  MaxAttempts INTEGER NOT NULL CHECK (MaxAttempts >= 1),
  UniqueKey   TEXT,
  TraceParent TEXT,
  CreatedAt   INTEGER NOT NULL,
  DueAt       INTEGER NOT NULL,
  Attempts    INTEGER NOT NULL DEFAULT 0,
  Fence       INTEGER NOT NULL DEFAULT 0,
  LastError   TEXT
) STRICT;

CREATE UNIQUE INDEX JobUniqueKey ON Job (UniqueKey) WHERE UniqueKey IS NOT NULL;

-- Waiting for a worker or for their time. In claiming order, so a claim is one range and delayed jobs need no promotion.
CREATE TABLE JobReady (
  Queue TEXT    NOT NULL,
  DueAt INTEGER NOT NULL,
  JobId INTEGER NOT NULL,
  PRIMARY KEY (Queue, DueAt, JobId)
) STRICT, WITHOUT ROWID;

CREATE TABLE JobServer (
  Id              INTEGER PRIMARY KEY,
  Name            TEXT    NOT NULL UNIQUE,
  WorkerCount     INTEGER NOT NULL,
  Queues          TEXT    NOT NULL,
  StartedAt       INTEGER NOT NULL,
  LastHeartbeatAt INTEGER NOT NULL
) STRICT;

-- Leased. At most the workers of all servers, so scans of it are short.
CREATE TABLE JobRunning (
  JobId    INTEGER PRIMARY KEY,
  Queue    TEXT    NOT NULL,
  ServerId INTEGER NOT NULL,
  Fence    INTEGER NOT NULL,
  Attempt  INTEGER NOT NULL
) STRICT;

-- Out of attempts, kept until somebody acts.
CREATE TABLE JobFailed (
  JobId    INTEGER PRIMARY KEY,
  Queue    TEXT    NOT NULL,
  FailedAt INTEGER NOT NULL
) STRICT;

-- The archive. In pruning order; insertion is an append.
CREATE TABLE JobSucceeded (
  FinishedAt INTEGER NOT NULL,
  JobId      INTEGER NOT NULL,
  PRIMARY KEY (FinishedAt, JobId)
) STRICT, WITHOUT ROWID;
