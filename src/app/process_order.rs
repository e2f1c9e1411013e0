use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::AfterCommit;
use super::after_commit::COPY_TIMEOUT;
use crate::domain::{CorrelationId, EventId, OrderSnapshot, Sku, Transition};
use crate::ports::{AdvanceOrder, Advanced, Lease, OrderStore, StatusCopy, StoreError};

/// How often the status copy's time to live is renewed while an order is worked on; well
/// below any sensible setting.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// One attempt at processing an order.
#[derive(Debug, Clone)]
pub struct ProcessOrderRequest {
    /// Which order.
    pub correlation_id: CorrelationId,
    /// The attempt's right to write.
    pub lease: Lease,
    /// The trace the attempt belongs to.
    pub trace_parent: Option<String>,
    /// Ends the attempt early.
    pub cancelled: CancellationToken,
    /// How the move to Processing ended, if it was made together with the lease.
    pub started: Option<Advanced>,
}

/// Why an order could not be processed.
#[derive(Debug, thiserror::Error)]
pub enum ProcessOrderError {
    /// The system of record failed.
    #[error("the order cannot be advanced: {0}")]
    Store(#[from] StoreError),
    /// There are not enough pieces in stock, for now.
    #[error("not enough pieces of {0} in stock")]
    Shortage(Sku),
    /// The accepted total no longer adds up, or a product is no longer sold.
    #[error("the accepted total no longer adds up")]
    PriceMismatch,
    /// The order does not exist.
    #[error("no such order")]
    NotFound,
    /// The attempt was cancelled.
    #[error("the attempt was cancelled")]
    Cancelled,
}

/// What a worker does with an accepted order (D4): Accepted → Processing → Completed. A repeated
/// attempt goes on where the order stands; one whose lease is lost, or whose order has ended
/// otherwise, ends quietly and writes nothing.
pub struct ProcessOrder {
    orders: Arc<dyn OrderStore>,
    copy: Arc<dyn StatusCopy>,
    after_commit: AfterCommit,
    processing_time: Duration,
}

enum Step {
    /// The order stands where the move leads.
    Stands,
    /// Nothing is left to do here.
    Over,
}

impl ProcessOrder {
    /// The use case over these ports; the visible part of processing takes `processing_time`
    /// (`Orders__ProcessingTime`).
    pub fn new(
        orders: Arc<dyn OrderStore>,
        copy: Arc<dyn StatusCopy>,
        after_commit: AfterCommit,
        processing_time: Duration,
    ) -> Self {
        Self { orders, copy, after_commit, processing_time }
    }

    /// One attempt. The copy of Processing is written while the work goes on: the copies' versions
    /// keep their order.
    pub async fn run(&self, request: &ProcessOrderRequest) -> Result<(), ProcessOrderError> {
        let started = match &request.started {
            Some(advanced) => advanced.clone(),
            None => self.move_order(request, Transition::processing_started(), None).await?,
        };
        let (copied, step) = self.settle(started)?;
        let finish = async {
            if let Step::Stands = step {
                self.work(request).await?;
                self.advance(request, Transition::completed(), None).await?;
            }
            Ok(())
        };
        tokio::join!(copied, finish).1
    }

    /// The attempts are used up: the order has failed, because of `reason`.
    pub async fn give_up(
        &self,
        request: &ProcessOrderRequest,
        reason: &str,
    ) -> Result<(), ProcessOrderError> {
        match self.advance(request, Transition::failed(), Some(reason.to_owned())).await {
            // There is nothing that could fail.
            Ok(_) | Err(ProcessOrderError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn advance(
        &self,
        request: &ProcessOrderRequest,
        transition: Transition,
        reason: Option<String>,
    ) -> Result<Step, ProcessOrderError> {
        let (copied, step) = self.settle(self.move_order(request, transition, reason).await?)?;
        copied.await;
        Ok(step)
    }

    async fn move_order(
        &self,
        request: &ProcessOrderRequest,
        transition: Transition,
        reason: Option<String>,
    ) -> Result<Advanced, StoreError> {
        let step = AdvanceOrder {
            correlation_id: request.correlation_id,
            transition,
            reason,
            lease: Some(request.lease),
            failed_job: None,
            event_id: EventId::generate(),
            trace_parent: request.trace_parent.clone(),
        };
        self.orders.advance(step).await
    }

    /// What follows from a move: the writing of the copy, and what is left to do.
    fn settle(
        &self,
        advanced: Advanced,
    ) -> Result<(impl Future<Output = ()>, Step), ProcessOrderError> {
        let (snapshot, step) = match advanced {
            Advanced::Applied(snapshot, entry) => {
                self.after_commit.committed(entry);
                (Some(snapshot), Step::Stands)
            }
            // An earlier attempt may have come this far without its copy.
            Advanced::Already(snapshot) => (Some(snapshot), Step::Stands),
            Advanced::Refused(snapshot) => (Some(snapshot), Step::Over),
            Advanced::LeaseLost => {
                tracing::info!("the attempt's lease is lost, somebody else has the order");
                (None, Step::Over)
            }
            Advanced::Shortage(sku) => return Err(ProcessOrderError::Shortage(sku)),
            Advanced::PriceMismatch => return Err(ProcessOrderError::PriceMismatch),
            Advanced::NotFound => return Err(ProcessOrderError::NotFound),
        };
        let copied = async move {
            if let Some(snapshot) = snapshot {
                self.announce(&snapshot).await;
            }
        };
        Ok((copied, step))
    }

    async fn announce(&self, snapshot: &OrderSnapshot) {
        self.after_commit.copy(snapshot).await;
        tracing::debug!(correlationId = %snapshot.correlation_id, status = snapshot.status.name(), "order advanced");
    }

    async fn work(&self, request: &ProcessOrderRequest) -> Result<(), ProcessOrderError> {
        let end = Instant::now() + self.processing_time;
        while Instant::now() < end {
            tokio::select! {
                () = sleep(end.saturating_duration_since(Instant::now()).min(TOUCH_EVERY)) => {}
                () = request.cancelled.cancelled() => return Err(ProcessOrderError::Cancelled),
            }
            if Instant::now() < end {
                // Best effort: a copy that expires is made anew by the next reader.
                let _ = timeout(COPY_TIMEOUT, self.copy.touch(request.correlation_id)).await;
            }
        }
        Ok(())
    }
}
