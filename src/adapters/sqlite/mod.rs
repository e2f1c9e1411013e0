//! The system of record in one SQLite file.
//!
//! One thread owns the only connection that writes; whatever waits for it is committed together
//! ([`writer`]). Reads run on a small pool of connections ([`readers`]). Several processes may
//! share the file: SQLite's lock on it takes turns among their writers.

/// The text of `sql/{name}.sql`.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!("sql/", $name, ".sql"))
    };
}

mod advance;
mod claim;
mod claim_statement;
mod connection;
mod database;
mod errors;
mod health;
mod job_store;
mod metrics;
mod order_store;
mod orders;
mod outbox;
mod place;
mod product_store;
mod readers;
mod reports;
mod requeue;
mod returned;
mod rounds;
mod schema;
mod seed;
mod statement;
mod stock;
mod turns;
mod writer;

pub use connection::OpenError;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::adapters::GuardSettings;
use crate::ports::{Clock, HANDOVER, Stores};
use database::SqliteDatabase;

/// How a [`SqliteStore`] is opened.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The database file. It and its folder are created when missing.
    pub path: PathBuf,
    /// Connections that read.
    pub readers: usize,
    /// Writes that may wait for the writer.
    pub queue_capacity: usize,
    /// Deadline and breaker of every call: also of the wait for a place in that queue, for a reader,
    /// and for the commit.
    pub guard: GuardSettings,
    /// How long a committed event is left to this process, see [`HANDOVER`]; zero when it publishes
    /// nothing itself.
    pub handover: Duration,
}

impl SqliteOptions {
    /// The file at `path` with 4 readers, 1024 waiting writes and the usual guard.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 4,
            queue_capacity: 1024,
            guard: GuardSettings::SQL,
            handover: HANDOVER,
        }
    }
}

/// The stores in one SQLite file. Its writer ends when the last of [`SqliteStore::stores`] is gone.
pub struct SqliteStore {
    database: Arc<SqliteDatabase>,
}

impl SqliteStore {
    /// Opens the file and starts the writer; blocks meanwhile. Migrations are not run: see
    /// [`crate::ports::Schema`]. Errors when the file cannot be made, is read-only, or is no SQLite
    /// database.
    pub fn open(options: SqliteOptions, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Ok(Self { database: Arc::new(SqliteDatabase::open(options, clock)?) })
    }

    /// Every port over this file.
    pub fn stores(&self) -> Stores {
        Stores {
            orders: Arc::new(order_store::SqliteOrderStore::new(self.database.clone())),
            products: Arc::new(product_store::SqliteProductStore::new(self.database.clone())),
            outbox: Arc::new(outbox::SqliteOutbox::new(self.database.clone())),
            jobs: Arc::new(job_store::SqliteJobStore::new(self.database.clone())),
            reports: Arc::new(reports::SqliteReports::new(self.database.clone())),
            rounds: Arc::new(rounds::SqliteRounds::new(self.database.clone())),
            schema: Arc::new(schema::SqliteSchema::new(self.database.clone())),
            health: Arc::new(health::SqliteHealth::new(self.database.clone())),
            report_health: None,
        }
    }
}
