-- Purpose: whether the database answers.
-- Parameters: none.
-- Results: one row (Answer int).
-- Locks: none.
SELECT 1 AS Answer;
