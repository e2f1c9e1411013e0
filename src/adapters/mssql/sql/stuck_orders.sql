-- Purpose: unfinished orders that did not change for a while and have no job left that could finish them. Only the latest million
--   orders are looked at, so that the reading stays bounded without an index that every order would pay for.
-- Parameters: @P1 bigint microseconds without a change; @P2 bigint, how many at most.
-- Results: (CorrelationId uniqueidentifier), oldest first.
-- Locks: shared, for the moment of reading; locked rows are somebody's work and left out.
SET NOCOUNT ON;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
DECLARE @newest bigint = (SELECT COALESCE(MAX(o.Id), 0) FROM dbo.[Order] AS o);
DECLARE @old TABLE (Id bigint NOT NULL PRIMARY KEY, CorrelationId uniqueidentifier NOT NULL);
DECLARE @living TABLE (CorrelationId nvarchar(36) NOT NULL);

INSERT INTO @old (Id, CorrelationId)
SELECT o.Id, o.CorrelationId
FROM dbo.[Order] AS o WITH (READPAST)
WHERE o.Id > @newest - 1000000 AND o.Status IN (N'ACCEPTED', N'PROCESSING') AND o.UpdatedAt <= @now - @P1;

IF EXISTS (SELECT 1 FROM @old)
BEGIN
    INSERT INTO @living (CorrelationId)
    SELECT JSON_VALUE(j.Args, '$.correlationId')
    FROM dbo.Job AS j
    WHERE j.Kind = N'order.accepted' AND JSON_VALUE(j.Args, '$.correlationId') IS NOT NULL
        AND (EXISTS (SELECT 1 FROM dbo.JobReady AS r WHERE r.Queue = j.Queue AND r.DueAt = j.DueAt AND r.JobId = j.Id)
            OR EXISTS (SELECT 1 FROM dbo.JobRunning AS w WHERE w.JobId = j.Id));
END;

SELECT TOP (@P2) o.CorrelationId
FROM @old AS o
WHERE NOT EXISTS (SELECT 1 FROM @living AS l WHERE CONVERT(uniqueidentifier, l.CorrelationId) = o.CorrelationId)
ORDER BY o.Id;
