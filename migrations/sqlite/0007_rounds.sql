-- LastRound is from now on the beginning of the round in microseconds since 1970, by the database's clock; that is also the
-- fencing number. Before, it was the number of the round, which is less: a worker of the release before claims nothing beside a
-- new one. LockFence is only written by that release.

-- Who claimed the last round.
ALTER TABLE Schedule ADD COLUMN Claimant BLOB;
