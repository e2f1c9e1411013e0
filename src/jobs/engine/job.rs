use async_trait::async_trait;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::domain::Timestamp;
use crate::ports::{Advanced, BoxError, ClaimStatement, FetchedJob, Lease};

/// One kind of background job: how an attempt at it goes, and what is done when it is given up.
///
/// Attempts may repeat and, when a server hangs, even overlap: what they write must be guarded by
/// [`JobContext::lease`] or be harmless twice.
#[async_trait]
pub trait Job: Send + Sync + 'static {
    /// Name in the store, such as `order.accepted`.
    const KIND: &'static str;
    /// What the store does in the transaction that leases such a job; the engine hands it on.
    const ON_CLAIM: Option<ClaimStatement> = None;
    /// Its arguments, stored as JSON.
    type Payload: DeserializeOwned + Send;

    /// One attempt.
    async fn run(&self, context: &JobContext, payload: Self::Payload) -> Result<(), JobError>;

    /// The job is being given up because of `error`. Called before it is stored as Failed; when
    /// this errs, it is tried again later, without running the job itself once more.
    async fn exhausted(
        &self,
        _context: &JobContext,
        _payload: Self::Payload,
        _error: &str,
    ) -> Result<(), JobError> {
        Ok(())
    }
}

/// What an attempt knows about itself.
#[derive(Debug, Clone)]
pub struct JobContext {
    lease: Lease,
    cancelled: CancellationToken,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Attempts the job may have.
    pub max_attempts: u32,
    /// When the job was stored.
    pub created_at: Timestamp,
    /// The W3C `traceparent` the job belongs to.
    pub trace_parent: Option<String>,
    /// How [`Job::ON_CLAIM`] ended; `None` when the store did not run it.
    pub claimed: Option<Advanced>,
}

impl JobContext {
    /// Describes an attempt. `cancelled` fires when its lease is lost, its time is up or the server
    /// must stop.
    pub fn new(job: &FetchedJob, cancelled: CancellationToken) -> Self {
        Self {
            lease: job.lease,
            cancelled,
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            created_at: job.created_at,
            trace_parent: job.trace_parent.clone(),
            claimed: job.claimed.clone(),
        }
    }

    /// The right to write for this job; pass it into every write.
    pub fn lease(&self) -> Lease {
        self.lease
    }

    /// Fires when the attempt should end at once. An error returned after that is no failure: the
    /// job is handed back.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Worth another attempt, if there is one left.
    #[error("{0}")]
    Retry(#[source] BoxError),
    /// No attempt can succeed: give up now.
    #[error("{0}")]
    Fatal(#[source] BoxError),
}

impl JobError {
    /// A [`JobError::Retry`].
    pub fn retry(source: impl Into<BoxError>) -> Self {
        Self::Retry(source.into())
    }

    /// A [`JobError::Fatal`].
    pub fn fatal(source: impl Into<BoxError>) -> Self {
        Self::Fatal(source.into())
    }
}
