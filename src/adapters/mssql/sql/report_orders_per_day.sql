-- Purpose: orders accepted per day in UTC.
-- Parameters: @P1 bigint from; @P2 bigint before.
-- Results: (Day bigint, days since 1970; Orders bigint; Cents bigint), by day.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
DECLARE @day bigint = CONVERT(bigint, 86400) * 1000000;
SELECT d.Day, COUNT_BIG(*) AS Orders, SUM(d.TotalCents) AS Cents
FROM (
    SELECT o.CreatedAt / @day AS Day, o.TotalCents
    FROM dbo.[Order] AS o
    WHERE o.CreatedAt >= @P1 AND o.CreatedAt < @P2 AND o.IsDeleted = 0
) AS d
GROUP BY d.Day
ORDER BY d.Day;
