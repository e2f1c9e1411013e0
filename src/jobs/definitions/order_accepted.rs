use async_trait::async_trait;
use tracing::{Instrument, info_span};

use crate::app::{
    ORDER_ACCEPTED_JOB, OrderJobArgs, ProcessOrder, ProcessOrderError, ProcessOrderRequest,
};
use crate::jobs::engine::{Job, JobContext, JobError};
use crate::ports::ClaimStatement;

/// `order.accepted`: processes an order that was accepted.
pub struct OrderAccepted(pub ProcessOrder);

#[async_trait]
impl Job for OrderAccepted {
    const KIND: &'static str = ORDER_ACCEPTED_JOB;
    const ON_CLAIM: Option<ClaimStatement> = Some(ClaimStatement::StartProcessing);
    type Payload = OrderJobArgs;

    async fn run(&self, context: &JobContext, payload: Self::Payload) -> Result<(), JobError> {
        let span = info_span!("order", correlationId = %payload.correlation_id);
        self.0.run(&request(context, &payload)).instrument(span).await.map_err(
            |error| match error {
                ProcessOrderError::NotFound => JobError::fatal(error),
                _ => JobError::retry(error),
            },
        )
    }

    /// The tab is told that the order has failed by the event that is committed with the move.
    async fn exhausted(
        &self,
        context: &JobContext,
        payload: Self::Payload,
        error: &str,
    ) -> Result<(), JobError> {
        self.0.give_up(&request(context, &payload), error).await.map_err(JobError::retry)
    }
}

fn request(context: &JobContext, payload: &OrderJobArgs) -> ProcessOrderRequest {
    ProcessOrderRequest {
        correlation_id: payload.correlation_id,
        lease: context.lease(),
        trace_parent: context.trace_parent.clone(),
        cancelled: context.cancelled().clone(),
        started: context.claimed.clone(),
    }
}
