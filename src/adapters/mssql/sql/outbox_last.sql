-- Purpose: the newest sequence after which nothing older can appear.
-- Parameters: none.
-- Results: (sequence bigint), 0 when there is none.
-- Locks: shared, for the moment of reading.
SET NOCOUNT ON;
DECLARE @horizon binary(8) = MIN_ACTIVE_ROWVERSION();
SELECT CONVERT(bigint, COALESCE(MAX(o.position), 0x0000000000000000)) AS sequence FROM dbo.outbox AS o WHERE o.position < @horizon;
