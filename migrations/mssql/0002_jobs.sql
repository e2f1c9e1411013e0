-- Purpose: background jobs. A job's payload stays in dbo.jobs; a narrow row wanders from dbo.job_queue (waiting) to
-- dbo.job_leases (leased to a server) and disappears when the job is finished.
-- Runs as one batch inside one transaction under the migration lock; needs no GO.

CREATE SEQUENCE dbo.job_ids AS bigint START WITH 1 INCREMENT BY 1 CACHE 1000;

CREATE TABLE dbo.jobs (
    id bigint NOT NULL,
    queue nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    kind nvarchar(200) NOT NULL,
    args nvarchar(max) NOT NULL,
    max_attempts int NOT NULL,
    unique_key nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    trace_parent nvarchar(200) NULL,
    created_at bigint NOT NULL,
    -- As of the last acknowledgement; while the job waits or runs, its row there knows better.
    attempts int NOT NULL,
    fence bigint NOT NULL,
    last_error nvarchar(max) NULL,
    -- The exchange or requeue that wrote this row last, so that a repetition after a lost answer is recognised.
    settled_by uniqueidentifier NULL,
    -- NULL while unfinished.
    finished_state nvarchar(10) COLLATE Latin1_General_100_BIN2 NULL,
    finished_at bigint NULL,
    CONSTRAINT pk_jobs PRIMARY KEY CLUSTERED (id),
    CONSTRAINT ck_jobs_state CHECK (finished_state IS NULL OR finished_state IN (N'Succeeded', N'Failed', N'Deleted'))
);

CREATE INDEX ix_jobs_finished ON dbo.jobs (finished_state, finished_at) INCLUDE (queue, unique_key);

-- Unique keys of the jobs that are unfinished or kept.
CREATE TABLE dbo.job_keys (
    unique_key nvarchar(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
    job_id bigint NOT NULL,
    CONSTRAINT pk_job_keys PRIMARY KEY CLUSTERED (unique_key)
);

-- Hot. The clustered key is the order in which jobs are claimed; there is no second index on purpose.
CREATE TABLE dbo.job_queue (
    queue nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    due_at bigint NOT NULL,
    job_id bigint NOT NULL,
    attempts int NOT NULL,
    fence bigint NOT NULL,
    CONSTRAINT pk_job_queue PRIMARY KEY CLUSTERED (queue, due_at, job_id)
);

-- Hot.
CREATE TABLE dbo.job_leases (
    job_id bigint NOT NULL,
    server_number bigint NOT NULL,
    fence bigint NOT NULL,
    attempt int NOT NULL,
    due_at bigint NOT NULL,
    claimed_by uniqueidentifier NOT NULL,
    CONSTRAINT pk_job_leases PRIMARY KEY CLUSTERED (job_id)
);

CREATE INDEX ix_job_leases_server ON dbo.job_leases (server_number, claimed_by);

CREATE TABLE dbo.job_servers (
    number bigint IDENTITY(1, 1) NOT NULL,
    server_id nvarchar(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
    worker_count int NOT NULL,
    queues nvarchar(max) NOT NULL,
    started_at bigint NOT NULL,
    last_heartbeat_at bigint NOT NULL,
    CONSTRAINT pk_job_servers PRIMARY KEY CLUSTERED (number),
    CONSTRAINT uq_job_servers_id UNIQUE (server_id)
);
