-- Purpose: removes a job server and hands back what it still holds, no attempt charged.
-- Parameters: @P1 nvarchar server id.
-- Results: none.
-- Locks: the server's row; its leases.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @server bigint;
DECLARE @held TABLE (job_id bigint NOT NULL PRIMARY KEY, fence bigint NOT NULL, attempt int NOT NULL);

BEGIN TRANSACTION;

SELECT @server = s.number FROM dbo.job_servers AS s WITH (UPDLOCK, ROWLOCK) WHERE s.server_id = @P1;
DELETE FROM dbo.job_servers WHERE number = @server;

WITH mine AS (
    SELECT l.job_id, l.fence, l.attempt FROM dbo.job_leases AS l WITH (ROWLOCK) WHERE l.server_number = @server
)
DELETE FROM mine OUTPUT deleted.job_id, deleted.fence, deleted.attempt INTO @held;

INSERT INTO dbo.job_queue (queue, due_at, job_id, attempts, fence)
SELECT j.queue, @now, j.id, h.attempt - 1, h.fence FROM @held AS h INNER JOIN dbo.jobs AS j ON j.id = h.job_id;

COMMIT TRANSACTION;
