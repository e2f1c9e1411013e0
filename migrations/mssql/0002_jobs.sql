-- Purpose: background jobs. Fetching and finishing touch narrow rows only; the payload is written once.
-- They have a schema of their own (S1-Dia-11), so that rights can be given apart from the shop's.
-- Runs as one batch inside one transaction under the migration lock; needs no GO.

-- CREATE SCHEMA must be alone in its batch.
EXECUTE sys.sp_executesql N'CREATE SCHEMA jobs';

-- Numbers never come back, not even after pruning: a late owner would own the new job.
CREATE SEQUENCE jobs.JobNumber AS bigint START WITH 1 INCREMENT BY 1 CACHE 1000;

-- DueAt, Attempts, Fence and LastError are those of the last time the job came back to its queue.
CREATE TABLE jobs.Job (
    Id bigint NOT NULL,
    Queue nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    Kind nvarchar(200) NOT NULL,
    Args nvarchar(max) NOT NULL,
    MaxAttempts int NOT NULL,
    UniqueKey nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    TraceParent nvarchar(200) NULL,
    CreatedAt bigint NOT NULL,
    DueAt bigint NOT NULL,
    Attempts int NOT NULL,
    Fence bigint NOT NULL,
    LastError nvarchar(max) NULL,
    CONSTRAINT PK_Job PRIMARY KEY CLUSTERED (Id),
    CONSTRAINT CK_Job_MaxAttempts CHECK (MaxAttempts >= 1)
);

-- Unique keys of the jobs that are unfinished or kept. A table of its own, because a filtered unique index would tie every
-- session that writes Job to certain SET options.
CREATE TABLE jobs.JobKey (
    UniqueKey nvarchar(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
    JobId bigint NOT NULL,
    CONSTRAINT PK_JobKey PRIMARY KEY CLUSTERED (UniqueKey)
);

-- Waiting for a worker or for their time. In claiming order, so a claim is one range and delayed jobs need no promotion.
-- There is no second index on purpose.
CREATE TABLE jobs.JobReady (
    Queue nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    DueAt bigint NOT NULL,
    JobId bigint NOT NULL,
    CONSTRAINT PK_JobReady PRIMARY KEY CLUSTERED (Queue, DueAt, JobId)
);

CREATE TABLE jobs.JobServer (
    Id bigint IDENTITY(1, 1) NOT NULL,
    Name nvarchar(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
    WorkerCount int NOT NULL,
    Queues nvarchar(max) NOT NULL,
    StartedAt bigint NOT NULL,
    LastHeartbeatAt bigint NOT NULL,
    -- The last exchange that changed something, and the acknowledgements it applied, so that its repetition after a lost
    -- answer gets the same answer.
    LastExchange uniqueidentifier NULL,
    LastApplied nvarchar(max) NULL,
    CONSTRAINT PK_JobServer PRIMARY KEY CLUSTERED (Id),
    CONSTRAINT UQ_JobServer_Name UNIQUE (Name)
);

-- Leased. At most the workers of all servers.
CREATE TABLE jobs.JobRunning (
    JobId bigint NOT NULL,
    Queue nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    ServerId bigint NOT NULL,
    Fence bigint NOT NULL,
    Attempt int NOT NULL,
    DueAt bigint NOT NULL,
    -- The exchange that leased it.
    ExchangeId uniqueidentifier NOT NULL,
    CONSTRAINT PK_JobRunning PRIMARY KEY CLUSTERED (JobId)
);

CREATE INDEX IX_JobRunning_Server ON jobs.JobRunning (ServerId, ExchangeId);

-- Out of attempts, kept until somebody acts.
CREATE TABLE jobs.JobFailed (
    JobId bigint NOT NULL,
    Queue nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    FailedAt bigint NOT NULL,
    CONSTRAINT PK_JobFailed PRIMARY KEY CLUSTERED (JobId)
);

-- The archive. In pruning order; insertion is an append.
CREATE TABLE jobs.JobSucceeded (
    FinishedAt bigint NOT NULL,
    JobId bigint NOT NULL,
    CONSTRAINT PK_JobSucceeded PRIMARY KEY CLUSTERED (FinishedAt, JobId)
);
