use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::SqliteOptions;
use super::connection::{OpenError, open_writer};
use super::readers::Readers;
use super::turns::Turns;
use super::writer::Writer;
use crate::adapters::Guard;
use crate::domain::Timestamp;
use crate::ports::{Clock, StoreError};

/// The one writer and the readers of a file, shared by its stores.
pub(super) struct SqliteDatabase {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
    clock: Arc<dyn Clock>,
    handover: Duration,
    guard: Guard,
}

impl SqliteDatabase {
    pub(super) fn open(options: SqliteOptions, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let connection = open_writer(&options.path)?;
        let other = |error| OpenError::other(&options.path, error);
        let turns = Turns::open(&options.path).map_err(other)?;
        let capacity = options.queue_capacity;
        let writer = Writer::start(connection, turns, clock.clone(), capacity).map_err(other)?;
        let readers = Readers::new(options.path.clone(), options.readers);
        let guard = Guard::new(StoreError::SQL, options.guard);
        let (path, handover) = (options.path, options.handover);
        Ok(Self { path, writer, readers, clock, handover, guard })
    }

    /// Runs `work` on the writer, at the instant it is given. When it errs nothing of it is stored;
    /// when this returns `Ok`, all of it is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Timestamp) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.guard.call(self.writer.run(work)).await
    }

    /// The same without breaker and deadline: a migration may take as long as it needs.
    pub(super) async fn write_unguarded<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Timestamp) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(work).await
    }

    /// Runs `work` on a reader, which sees one consistent state.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.guard.call(self.readers.run(work)).await
    }

    /// The same without breaker and deadline, for those who want to know how things are now.
    pub(super) async fn read_unguarded<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(work).await
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long a committed event is left to this process.
    pub(super) fn handover(&self) -> Duration {
        self.handover
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the writer still takes commands.
    pub(super) fn is_writable(&self) -> bool {
        self.writer.is_running()
    }

    /// Commands that wait for the writer.
    pub(super) fn queue_length(&self) -> usize {
        self.writer.queue_length()
    }
}
