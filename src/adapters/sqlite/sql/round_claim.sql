-- The claimant that asks again is told again that the round is its own. Fence is for pods of the release before.
INSERT INTO Schedule (Name, LastRound, Fence, Claimant) VALUES (?1, ?2, ?2, ?3)
ON CONFLICT (Name) DO UPDATE SET LastRound = excluded.LastRound, Fence = excluded.Fence, Claimant = excluded.Claimant
WHERE excluded.LastRound > Schedule.LastRound
   OR (excluded.LastRound = Schedule.LastRound AND excluded.Claimant = Schedule.Claimant)
