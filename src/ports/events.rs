use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::domain::OrderEvent;

/// One event handed to one consumer, to be acknowledged once it has been dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The entry's id in the stream.
    pub entry: String,
    /// What happened. `None` when the entry cannot be read: it must be buried, not retried.
    pub event: Option<OrderEvent>,
    /// How often the entry was handed out, this time included.
    pub deliveries: u32,
}

/// Order events between processes: an append-only stream read by one group of consumers (D4).
///
/// At least once: an entry stays pending until it is acknowledged, and another consumer claims it
/// when its reader dies.
#[async_trait]
pub trait EventStream: Send + Sync {
    /// Appends the events in order. When it errs, some may have been appended.
    async fn append(&self, events: &[OrderEvent]) -> Result<(), StoreError>;

    /// Takes up to `limit` new entries for `consumer`, waiting up to `wait` for the first.
    async fn read(
        &self,
        consumer: &str,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Takes over up to `limit` entries that some consumer left unacknowledged for `idle` or
    /// longer.
    async fn claim(
        &self,
        consumer: &str,
        idle: Duration,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Marks entries as dealt with.
    async fn acknowledge(&self, entries: &[String]) -> Result<(), StoreError>;

    /// Moves an entry to the dead letters with its cause, and acknowledges it.
    async fn bury(&self, delivery: &Delivery, cause: &str) -> Result<(), StoreError>;
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
    /// Up to `limit` of them, oldest first.
    async fn list(&self, limit: usize) -> Result<Vec<DeadLetter>, StoreError>;

    /// Puts one back into the stream. `false` when it is not there any more, as after an earlier
    /// replay, or cannot be read. When it errs the event may have been put back; consumers drop an
    /// event they have delivered.
    async fn replay(&self, entry: &str) -> Result<bool, StoreError>;
}
