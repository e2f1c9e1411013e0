-- Purpose: how far behind publishing is.
-- Parameters: none.
-- Results: (Pending bigint; OldestMicros bigint, age of the oldest unpublished entry, 0 when there is none).
-- Locks: none (reads uncommitted rows; the figures are for people).
SET NOCOUNT ON;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
SELECT COUNT_BIG(*) AS Pending, COALESCE(@now - MIN(o.OccurredAt), 0) AS OldestMicros
FROM dbo.OutboxPending AS p WITH (READUNCOMMITTED)
INNER JOIN dbo.Outbox AS o WITH (READUNCOMMITTED) ON o.Sequence = p.Sequence;
