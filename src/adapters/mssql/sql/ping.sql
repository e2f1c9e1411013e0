-- Purpose: whether the database answers.
-- Parameters: none.
-- Results: one row (answer int).
-- Locks: none.
SELECT 1 AS answer;
