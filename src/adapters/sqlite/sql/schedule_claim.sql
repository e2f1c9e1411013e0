-- The same holder that asks again is told again that the round is its own.
INSERT INTO Schedule (Name, LastRound, Fence) VALUES (?1, ?2, ?3)
ON CONFLICT (Name) DO UPDATE SET LastRound = excluded.LastRound, Fence = excluded.Fence
WHERE excluded.LastRound > Schedule.LastRound
   OR (excluded.LastRound = Schedule.LastRound AND excluded.Fence = Schedule.Fence)
