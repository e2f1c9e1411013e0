use std::sync::Arc;
use std::time::Duration;

use super::AfterCommit;
use crate::domain::{EventId, Transition};
use crate::ports::{AdvanceOrder, Advanced, OrderStore, StoreError, StuckOrder};

/// Orders looked at in one round; more are left to the next.
const BATCH: usize = 200;

/// Ends orders that nobody will ever finish, because their job failed and could not say so: their
/// owners are told.
pub struct SweepStuck {
    orders: Arc<dyn OrderStore>,
    after_commit: AfterCommit,
    quiet: Duration,
}

impl SweepStuck {
    /// Sweeps orders that did not change for `quiet`.
    pub fn new(orders: Arc<dyn OrderStore>, after_commit: AfterCommit, quiet: Duration) -> Self {
        Self { orders, after_commit, quiet }
    }

    /// One round.
    pub async fn round(&self) {
        if let Err(error) = self.sweep().await {
            tracing::warn!(%error, "sweeping stuck orders failed");
        }
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        for stuck in self.orders.stuck(self.quiet, BATCH).await? {
            self.fail(stuck).await?;
        }
        Ok(())
    }

    /// Nothing happens to an order that went on meanwhile: the move is refused from where it stands,
    /// or because its job has been requeued.
    async fn fail(&self, stuck: StuckOrder) -> Result<(), StoreError> {
        let StuckOrder { correlation_id, job } = stuck;
        let step = AdvanceOrder {
            correlation_id,
            transition: Transition::failed(),
            reason: Some("no job was left that could finish it".to_owned()),
            lease: None,
            failed_job: Some(job),
            event_id: EventId::generate(),
            trace_parent: None,
        };
        if let Advanced::Applied(snapshot, entry) = self.orders.advance(step).await? {
            tracing::warn!(%correlation_id, "a stuck order was ended");
            metrics::counter!("contoso_orders_swept_total").increment(1);
            self.after_commit.committed(entry);
            self.after_commit.copy(&snapshot).await;
        }
        Ok(())
    }
}
