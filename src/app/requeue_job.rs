use std::sync::Arc;

use super::AfterCommit;
use super::order_job::{ORDER_ACCEPTED_JOB, OrderJobArgs};
use crate::domain::{CorrelationId, EventId, JobId, JobState, OrderStatus, Sku};
use crate::ports::{JobRecord, JobStore, OrderStore, RequeueOrder, RequeuedOrder, StoreError};

/// What became of a job that is to run again.
#[derive(Debug, Clone, PartialEq)]
pub enum RequeueOutcome {
    /// It is due with all its attempts; an order it had given up is accepted again.
    Requeued,
    /// It has not failed: this is its state.
    NotFailed(JobState),
    /// Its order has ended otherwise: there is nothing to process.
    OrderEnded(OrderStatus),
    /// Its order asks for more of this product than there is.
    Shortage(Sku),
    /// There is no such job, or it is no longer kept.
    Unknown,
}

/// Runs a failed job again, from its start. The order of a job that had given it up is
/// processed again: Failed → Accepted.
pub struct RequeueJob {
    jobs: Arc<dyn JobStore>,
    orders: Arc<dyn OrderStore>,
    after_commit: AfterCommit,
}

impl RequeueJob {
    /// The use case over these ports.
    pub fn new(
        jobs: Arc<dyn JobStore>,
        orders: Arc<dyn OrderStore>,
        after_commit: AfterCommit,
    ) -> Self {
        Self { jobs, orders, after_commit }
    }

    /// Requeues the job.
    pub async fn run(&self, id: JobId) -> Result<RequeueOutcome, StoreError> {
        let Some(job) = self.jobs.find(id).await? else { return Ok(RequeueOutcome::Unknown) };
        if job.state != JobState::Failed {
            return Ok(RequeueOutcome::NotFailed(job.state));
        }
        if let Some(correlation_id) = order_of(&job) {
            let event_id = EventId::generate();
            let order = RequeueOrder { correlation_id, job: id, event_id };
            match self.orders.requeue(order).await? {
                RequeuedOrder::Done(order, entry) => {
                    self.after_commit.committed(entry);
                    self.after_commit.hint_jobs();
                    self.after_commit.copy(&order).await;
                    return Ok(RequeueOutcome::Requeued);
                }
                RequeuedOrder::Shortage(product) => return Ok(RequeueOutcome::Shortage(product)),
                RequeuedOrder::NotFailed(status) if status.is_final() => {
                    return Ok(RequeueOutcome::OrderEnded(status));
                }
                // The job runs again and finds out what is to be done.
                RequeuedOrder::NotFailed(_)
                | RequeuedOrder::JobNotFailed
                | RequeuedOrder::NotFound => {}
            }
        }
        if self.jobs.requeue(id).await? {
            self.after_commit.hint_jobs();
        }
        // If not, somebody else was faster.
        Ok(RequeueOutcome::Requeued)
    }
}

/// The order that a job processes.
fn order_of(job: &JobRecord) -> Option<CorrelationId> {
    let args = || serde_json::from_str::<OrderJobArgs>(&job.args).ok();
    (job.kind == ORDER_ACCEPTED_JOB).then(args)?.map(|args| args.correlation_id)
}
