-- Purpose: how far behind publishing is.
-- Parameters: none.
-- Results: (pending bigint; oldest_micros bigint, age of the oldest unpublished entry, 0 when there is none).
-- Locks: none (reads uncommitted rows; the figures are for people).
SET NOCOUNT ON;
DECLARE @now bigint = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
SELECT COUNT_BIG(*) AS pending, COALESCE(@now - MIN(o.occurred_at), 0) AS oldest_micros
FROM dbo.outbox_pending AS p WITH (READUNCOMMITTED)
INNER JOIN dbo.outbox AS o WITH (READUNCOMMITTED) ON o.position = p.position;
