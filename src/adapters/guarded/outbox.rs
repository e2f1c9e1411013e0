use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Guard;
use crate::domain::{OrderId, OrderVersion};
use crate::ports::{Outbox, OutboxBacklog, OutboxEntry, StoreError};

/// The outbox behind a guard.
pub struct GuardedOutbox {
    inner: Arc<dyn Outbox>,
    guard: Arc<Guard>,
}

impl GuardedOutbox {
    /// Guards `inner`.
    pub fn new(inner: Arc<dyn Outbox>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl Outbox for GuardedOutbox {
    async fn claim(&self, limit: usize, lease: Duration) -> Result<Vec<OutboxEntry>, StoreError> {
        self.guard.call(self.inner.claim(limit, lease)).await
    }

    async fn mark_published(&self, sequences: &[i64]) -> Result<(), StoreError> {
        self.guard.call(self.inner.mark_published(sequences)).await
    }

    async fn read_after(
        &self,
        sequence: i64,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        self.guard.call(self.inner.read_after(sequence, limit)).await
    }

    async fn of_order(
        &self,
        order: OrderId,
        after: OrderVersion,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        self.guard.call(self.inner.of_order(order, after, limit)).await
    }

    async fn last_sequence(&self) -> Result<i64, StoreError> {
        self.guard.call(self.inner.last_sequence()).await
    }

    async fn backlog(&self) -> Result<OutboxBacklog, StoreError> {
        self.guard.call(self.inner.backlog()).await
    }

    async fn prune(&self, keep: Duration, limit: usize) -> Result<u64, StoreError> {
        self.guard.call(self.inner.prune(keep, limit)).await
    }
}
