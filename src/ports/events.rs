use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::domain::OrderEvent;
use crate::resilience::Backoff;

/// One entry of the stream handed to one consumer, to be acknowledged once it has been dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEntry {
    /// The entry's id in the stream.
    pub id: String,
    /// What happened. `None` when the entry cannot be read: it must be buried, not retried.
    pub event: Option<OrderEvent>,
    /// How often the entry was handed out, this time included.
    pub deliveries: u32,
}

/// What became of events that were to be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// All of them are in the stream.
    All,
    /// The stream holds as many unread entries as it may: none was appended.
    Full,
}

/// How full the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamState {
    /// Entries in it.
    pub length: u64,
    /// Entries handed out and not acknowledged.
    pub pending: u64,
}

/// Order events between processes: an append-only stream read by one group of consumers (D4).
///
/// At least once: an entry stays pending until it is acknowledged, and another consumer claims it
/// when its reader dies.
#[async_trait]
pub trait EventStream: Send + Sync {
    /// Appends the events in order. When it errs, some may have been appended.
    async fn append(&self, events: &[OrderEvent]) -> Result<Appended, StoreError>;

    /// Takes up to `limit` new entries for `consumer`, waiting up to `wait` for the first.
    async fn read(
        &self,
        consumer: &str,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<StreamEntry>, StoreError>;

    /// Takes over up to `limit` entries that some consumer left unacknowledged for longer than
    /// `delay` says for their number of deliveries.
    async fn claim(
        &self,
        consumer: &str,
        delay: Backoff,
        limit: usize,
    ) -> Result<Vec<StreamEntry>, StoreError>;

    /// Marks entries as dealt with.
    async fn acknowledge(&self, ids: &[String]) -> Result<(), StoreError>;

    /// Moves an entry to the dead letters with its cause, and acknowledges it.
    async fn bury(&self, entry: &StreamEntry, cause: &str) -> Result<(), StoreError>;

    /// Removes what every consumer has dealt with, and nothing else. Returns what is left.
    async fn trim(&self) -> Result<StreamState, StoreError>;
}

/// An event that could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id among the dead letters.
    pub entry: String,
    /// What happened; `None` when the entry could not be read.
    pub event: Option<OrderEvent>,
    /// Why it was buried.
    pub cause: String,
    /// How often it had been handed out.
    pub deliveries: u32,
}

/// The events an [`EventStream`] buried.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// How many there are.
    async fn count(&self) -> Result<u64, StoreError>;

    /// Up to `limit` of them, oldest first.
    async fn list(&self, limit: usize) -> Result<Vec<DeadLetter>, StoreError>;

    /// Puts one back into the stream. `false` when it is not there any more, as after an earlier
    /// replay, or cannot be read. When it errs the event may have been put back; consumers drop an
    /// event they have delivered.
    async fn replay(&self, entry: &str) -> Result<bool, StoreError>;
}
