-- Stuck orders are found from the failed jobs: an index that every order paid for three times is not needed any more.
DROP INDEX OrderUnfinished;
