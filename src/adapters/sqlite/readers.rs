use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::open_reader;
use crate::ports::StoreError;

/// A bounded pool of connections that read.
pub(super) struct Readers {
    pool: Arc<Pool>,
    permits: Arc<Semaphore>,
}

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, size: usize) -> Self {
        let pool = Arc::new(Pool { path, idle: Mutex::new(Vec::new()) });
        Self { pool, permits: Arc::new(Semaphore::new(size)) }
    }

    /// Waits for a free connection and runs `work` on it, in a transaction of its own.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.permits.clone().acquire_owned().await.map_err(StoreError::unavailable)?;
        let pool = self.pool.clone();
        let reading = move || {
            // The permit goes with the work: a caller that gives up must not let one more
            // connection be opened.
            let _permit = permit;
            let connection = pool.take()?;
            let result = in_snapshot(&connection, work);
            if connection.is_autocommit() {
                pool.put_back(connection);
            }
            result
        };
        tokio::task::spawn_blocking(reading).await.map_err(StoreError::fault)?
    }
}

impl Pool {
    fn take(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| open_reader(&self.path), Ok)
    }

    fn put_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

fn in_snapshot<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.unchecked_transaction()?;
    let result = work(&transaction);
    transaction.rollback()?;
    result
}
