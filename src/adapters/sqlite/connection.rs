use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::metrics;

/// Why a database file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder is missing and cannot be made.
    #[error("the folder of the database {path} cannot be created: {source}")]
    Folder {
        /// The database file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is some other file, or a damaged one.
    #[error(
        "{path} is not an SQLite database, or is damaged: move it away, or name another file: {source}"
    )]
    NotADatabase {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file or its folder may not be written.
    #[error(
        "the database {path} cannot be written: let this user write the file and its folder: {source}"
    )]
    ReadOnly {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// Anything else.
    #[error("the database {path} cannot be opened: {source}")]
    Other {
        /// The database file.
        path: PathBuf,
        /// What SQLite or the system said.
        source: crate::ports::BoxError,
    },
}

impl OpenError {
    fn new(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::NotADatabase { path, source }
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::ReadOnly { path, source }
            }
            _ => Self::Other { path, source: source.into() },
        }
    }

    /// Any other failure at `path`.
    pub(super) fn other(path: &Path, source: impl Into<crate::ports::BoxError>) -> Self {
        Self::Other { path: path.to_owned(), source: source.into() }
    }
}

/// Opens the connection that writes, making folder and file when they are missing.
pub(super) fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)
            .map_err(|source| OpenError::Folder { path: path.to_owned(), source })?;
    }
    let connection = open_common(path).map_err(|e| OpenError::new(path, e))?;
    set_wal(&connection).map_err(|e| OpenError::new(path, e))?;
    connection
        .execute_batch(
            // FULL: an answer is given only for what survives a power cut (D3). The other numbers:
            // a batch of 256 orders dirties about 1000 pages, and copying 2000 back takes a few
            // milliseconds.
            "PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -65536;
             PRAGMA wal_autocheckpoint = 2000;
             PRAGMA journal_size_limit = 67108864;
             SELECT count(*) FROM sqlite_schema;",
        )
        .map_err(|e| OpenError::new(path, e))?;
    Ok(connection)
}

/// Opens a connection that only reads. The file exists: the writer came first.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open_common(path)?;
    // Not opened read-only, because readers of a WAL write to its index.
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192;")?;
    Ok(connection)
}

fn open_common(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_handler(Some(wait_for_lock))?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Switches to the write-ahead log. SQLite does not ask the busy handler when two processes do this
/// to a new file at once.
fn set_wal(connection: &Connection) -> rusqlite::Result<()> {
    let mut tries = 0;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Err(e)
                if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && wait_for_lock(tries) =>
            {
                tries += 1
            }
            other => return other.map(drop),
        }
    }
}

const QUICK_TRIES: i32 = 100;
const QUICK_PAUSE: Duration = Duration::from_micros(100);
/// On average; a random half less or more keeps processes from moving in step.
const PAUSE: Duration = Duration::from_micros(300);
/// With the usual overshoot of a sleep, about 5 s in all.
const TRIES: i32 = 14_000;

/// Waits a little for the lock another process holds; `false` when it was held for about 5 s.
/// SQLite's own handler soon sleeps 100 ms at a time, which is far longer than a commit takes.
fn wait_for_lock(tries: i32) -> bool {
    if tries >= TRIES {
        return false;
    }
    metrics::busy_retry();
    let pause = if tries < QUICK_TRIES { QUICK_PAUSE } else { PAUSE };
    thread::sleep(pause.mul_f64(rand::random_range(0.5..=1.5)));
    true
}
