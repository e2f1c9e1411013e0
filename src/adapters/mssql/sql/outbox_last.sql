-- Purpose: the newest sequence after which nothing older can appear.
-- Parameters: none.
-- Results: (Sequence bigint), or no row.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
DECLARE @horizon binary(8) = MIN_ACTIVE_ROWVERSION();
SELECT TOP (1) CONVERT(bigint, o.Sequence) AS Sequence FROM dbo.Outbox AS o WHERE o.Sequence < @horizon ORDER BY o.Sequence DESC;
