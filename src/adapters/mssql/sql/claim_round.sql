-- Purpose: claims a round of recurring work for the holder of its lock, unless another holder came after it or the round was
--   claimed. Running it again after a lost answer finds the fencing number and answers as before.
-- Parameters: @P1 nvarchar name of the lock; @P2 bigint fencing number; @P3 bigint round.
-- Results: (Outcome: ours, done or late).
-- Locks: the schedule's rows, one caller at a time.
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 10000;
DECLARE @seen bigint;
DECLARE @last bigint;
DECLARE @owner bigint;
DECLARE @outcome nvarchar(10);

BEGIN TRANSACTION;

SELECT @seen = f.Fence FROM dbo.LockFence AS f WITH (UPDLOCK, HOLDLOCK) WHERE f.Name = @P1;
SELECT @last = s.LastRound, @owner = s.Fence FROM dbo.Schedule AS s WITH (UPDLOCK, HOLDLOCK) WHERE s.Name = @P1;

SET @outcome = CASE
    WHEN @seen > @P2 THEN N'late'
    WHEN @last > @P3 THEN N'done'
    WHEN @last = @P3 AND @owner <> @P2 THEN N'done'
    ELSE N'ours'
END;

IF @outcome <> N'late'
BEGIN
    UPDATE dbo.LockFence SET Fence = @P2 WHERE Name = @P1;
    INSERT INTO dbo.LockFence (Name, Fence) SELECT @P1, @P2 WHERE @seen IS NULL;
END;

IF @outcome = N'ours'
BEGIN
    UPDATE dbo.Schedule SET LastRound = @P3, Fence = @P2 WHERE Name = @P1;
    INSERT INTO dbo.Schedule (Name, LastRound, Fence) SELECT @P1, @P3, @P2 WHERE @last IS NULL;
END;

SELECT @outcome AS Outcome;

COMMIT TRANSACTION;
