//! Attempts that ended without success.

use rusqlite::Connection;

use super::statement::{execute, only};
use crate::domain::Timestamp;

/// Characters of an error that are kept.
const ERROR_LENGTH: usize = 2000;

/// A lease that has just been taken away.
pub(super) struct Returned<'a> {
    pub(super) job: i64,
    pub(super) fence: i64,
    pub(super) queue: &'a str,
    /// Attempts charged, this one included.
    pub(super) attempts: u32,
}

impl Returned<'_> {
    /// The same, with the last attempt not charged.
    pub(super) fn uncharged(self) -> Self {
        Self { attempts: self.attempts.saturating_sub(1), ..self }
    }
}

/// Puts the job back into its queue, due at `due` or at its old place.
pub(super) fn give_back(
    connection: &Connection,
    lease: &Returned<'_>,
    due: Option<Timestamp>,
    error: Option<&str>,
) -> rusqlite::Result<()> {
    let due = write_back(connection, lease, due, error)?;
    execute(connection, sql!("job_ready_insert"), (lease.queue, due, lease.job))?;
    Ok(())
}

/// Keeps the job as failed.
pub(super) fn give_up(
    connection: &Connection,
    now: Timestamp,
    lease: &Returned<'_>,
    error: &str,
) -> rusqlite::Result<()> {
    write_back(connection, lease, None, Some(error))?;
    execute(connection, sql!("job_failed_insert"), (lease.job, lease.queue, now.micros))?;
    Ok(())
}

fn write_back(
    connection: &Connection,
    lease: &Returned<'_>,
    due: Option<Timestamp>,
    error: Option<&str>,
) -> rusqlite::Result<i64> {
    let error: Option<String> = error.map(|text| text.chars().take(ERROR_LENGTH).collect());
    let values = (lease.job, due.map(|instant| instant.micros), lease.attempts, lease.fence, error);
    only(connection, sql!("job_return"), values, |row| row.get(0))
}
