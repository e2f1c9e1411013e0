use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::domain::{OrderEvent, OrderId, OrderVersion};

/// An event as it lies in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Position in the outbox; grows.
    pub sequence: i64,
    /// What happened.
    pub event: OrderEvent,
}

/// How long the process that commits an entry has to publish it, before a claim hands it out. One
/// that publishes nothing itself leaves it no time.
pub const HANDOVER: Duration = Duration::from_secs(5);

/// How far behind publishing is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OutboxBacklog {
    /// Entries not published yet.
    pub pending: u64,
    /// How long the oldest of them has waited.
    pub oldest: Duration,
}

/// Events committed with the state they tell of, until somebody has published them (D4).
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes up to `limit` unpublished entries, oldest first, and keeps them from other claimants
    /// for `lease`. An entry that is not marked published by then is handed out again. One that
    /// was committed a moment ago is still its process' own, see [`HANDOVER`].
    async fn claim(&self, limit: usize, lease: Duration) -> Result<Vec<OutboxEntry>, StoreError>;

    /// Marks entries as published, for good.
    async fn mark_published(&self, sequences: &[i64]) -> Result<(), StoreError>;

    /// Up to `limit` entries after `sequence`, published or not, oldest first; claims nothing.
    async fn read_after(&self, sequence: i64, limit: usize)
    -> Result<Vec<OutboxEntry>, StoreError>;

    /// Up to `limit` entries of one order after a version, published or not, oldest first.
    async fn of_order(
        &self,
        order: OrderId,
        after: OrderVersion,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError>;

    /// The newest sequence, 0 when there is none.
    async fn last_sequence(&self) -> Result<i64, StoreError>;

    /// How far behind publishing is.
    async fn backlog(&self) -> Result<OutboxBacklog, StoreError>;

    /// Deletes up to `limit` entries published longer than `keep` ago. Returns how many.
    async fn prune(&self, keep: Duration, limit: usize) -> Result<u64, StoreError>;
}
