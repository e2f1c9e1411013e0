use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::ports::{JobStore, OrderStore, Outbox, StoreError};

/// How long finished jobs are kept for those who look (Hangfire keeps them a day).
const KEEP_JOBS: Duration = Duration::from_secs(24 * 60 * 60);
/// How long published events are kept, for hub pods that read the outbox directly (D4).
const KEEP_EVENTS: Duration = Duration::from_secs(60 * 60);
/// Rows deleted in one transaction, so that it is short.
const BATCH: usize = 500;
/// Batches of one kind in a round; more is left to the next.
const MOST_BATCHES: usize = 100;

/// Deletes what nobody needs any more. Several may do it at once.
pub struct PruneFinished {
    jobs: Arc<dyn JobStore>,
    outbox: Arc<dyn Outbox>,
    orders: Arc<dyn OrderStore>,
}

impl PruneFinished {
    /// Prunes these stores.
    pub fn new(
        jobs: Arc<dyn JobStore>,
        outbox: Arc<dyn Outbox>,
        orders: Arc<dyn OrderStore>,
    ) -> Self {
        Self { jobs, outbox, orders }
    }

    /// One round over everything.
    pub async fn round(&self) {
        batches("finished jobs", || self.jobs.prune(KEEP_JOBS, BATCH)).await;
        batches("published events", || self.outbox.prune(KEEP_EVENTS, BATCH)).await;
        batches("idempotency records", || self.orders.forget_idempotency(BATCH)).await;
    }
}

async fn batches<F: Future<Output = Result<u64, StoreError>>>(
    what: &'static str,
    prune: impl Fn() -> F,
) {
    for _ in 0..MOST_BATCHES {
        match prune().await {
            Ok(gone) if gone >= BATCH as u64 => {}
            Ok(_) => return,
            Err(error) => return tracing::warn!(%error, what, "pruning failed"),
        }
    }
}
