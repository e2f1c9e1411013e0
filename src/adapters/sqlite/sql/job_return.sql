-- An empty error leaves the last one, an empty instant leaves the old place in the queue.
UPDATE Job SET DueAt = coalesce(?2, DueAt), Attempts = ?3, Fence = ?4, LastError = coalesce(?5, LastError)
WHERE Id = ?1
RETURNING DueAt
