use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Guard;
use crate::domain::OrderEvent;
use crate::ports::{Appended, EventStream, RedeliveryDelay, StoreError, StreamEntry, StreamState};

/// Longest a call may take beyond the wait it is asked for. The adapter gives up sooner; a read
/// that were cut off in the middle might have taken entries that nobody then deals with.
const PATIENCE: Duration = Duration::from_secs(3);

/// The event stream behind a guard.
pub struct GuardedEventStream {
    inner: Arc<dyn EventStream>,
    guard: Arc<Guard>,
}

impl GuardedEventStream {
    /// Guards `inner`.
    pub fn new(inner: Arc<dyn EventStream>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl EventStream for GuardedEventStream {
    async fn append(&self, events: &[OrderEvent]) -> Result<Appended, StoreError> {
        self.guard.call_within(PATIENCE, self.inner.append(events)).await
    }

    async fn read(
        &self,
        consumer: &str,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<StreamEntry>, StoreError> {
        self.guard.call_within(wait + PATIENCE, self.inner.read(consumer, limit, wait)).await
    }

    async fn claim(
        &self,
        consumer: &str,
        delay: RedeliveryDelay,
        limit: usize,
    ) -> Result<Vec<StreamEntry>, StoreError> {
        self.guard.call_within(PATIENCE, self.inner.claim(consumer, delay, limit)).await
    }

    async fn acknowledge(&self, ids: &[String]) -> Result<(), StoreError> {
        self.guard.call_within(PATIENCE, self.inner.acknowledge(ids)).await
    }

    async fn bury(&self, entry: &StreamEntry, cause: &str) -> Result<(), StoreError> {
        self.guard.call_within(PATIENCE, self.inner.bury(entry, cause)).await
    }

    async fn trim(&self) -> Result<StreamState, StoreError> {
        self.guard.call_within(PATIENCE, self.inner.trim()).await
    }
}
