-- Purpose: claims the current round of recurring work, unless it or a later one was claimed. Running it again after a lost answer
--   finds the claimant and answers as before.
-- Parameters: @P1 nvarchar schedule; @P2 bigint length of a round in microseconds; @P3 uniqueidentifier claimant.
-- Results: (IsOurs bit).
-- Locks: the schedule's row, one caller at a time.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @now bigint;
DECLARE @begun bigint;
DECLARE @last bigint;
DECLARE @claimant uniqueidentifier;
DECLARE @ours bit;

BEGIN TRANSACTION;

SELECT @last = s.LastRound, @claimant = s.Claimant FROM dbo.Schedule AS s WITH (UPDLOCK, HOLDLOCK) WHERE s.Name = @P1;

-- Read under the lock: a caller that waited for it must not claim the round of before.
SET @now = DATEDIFF_BIG(MICROSECOND, '1970-01-01T00:00:00', SYSUTCDATETIME());
SET @begun = @now - @now % @P2;

SET @ours = CASE
    WHEN @last IS NULL OR @last < @begun THEN 1
    WHEN @last = @begun AND @claimant = @P3 THEN 1
    ELSE 0
END;

IF @ours = 1
BEGIN
    UPDATE dbo.Schedule SET LastRound = @begun, Fence = @begun, Claimant = @P3 WHERE Name = @P1;
    INSERT INTO dbo.Schedule (Name, LastRound, Fence, Claimant) SELECT @P1, @begun, @begun, @P3 WHERE @last IS NULL;
END;

SELECT @ours AS IsOurs;

COMMIT TRANSACTION;
