use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use super::{Advanced, StoreError};
use crate::domain::{JobId, JobState, QueueName, ServerId, Timestamp};

/// A job to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Queue it waits in; a retry goes back to the same.
    pub queue: QueueName,
    /// Which definition runs it, such as `order.accepted`.
    pub kind: String,
    /// Its arguments as JSON text.
    pub args: String,
    /// How long it waits before it is due.
    pub delay: Duration,
    /// Times it may be started before it is given up; at least 1.
    pub max_attempts: u32,
    /// When set, a second job with this key is not stored while the first is unfinished or kept.
    pub unique_key: Option<String>,
    /// The W3C `traceparent` it belongs to.
    pub trace_parent: Option<String>,
}

/// The right to finish one attempt of one job. The fence grows with every fetch of the job, so a
/// late owner's is too small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// The fencing token.
    pub fence: i64,
}

/// What a store does in the transaction that leases a job, on behalf of the job's definition: one
/// commit less on the way of every such job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimStatement {
    /// Moves the order that the arguments name (`correlationId`) to Processing, under the lease.
    StartProcessing,
}

/// A job leased to a server.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchedJob {
    /// Needed to finish it.
    pub lease: Lease,
    /// Queue it came from.
    pub queue: QueueName,
    /// Which definition runs it.
    pub kind: String,
    /// Arguments as JSON text.
    pub args: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Attempts it may have.
    pub max_attempts: u32,
    /// When it was stored.
    pub created_at: Timestamp,
    /// The trace it belongs to.
    pub trace_parent: Option<String>,
    /// How the claim statement of its kind ended; `None` when the store ran none, or could not.
    pub claimed: Option<Advanced>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Succeeded,
    /// Try again after `delay`.
    Retry {
        /// How long to wait.
        delay: Duration,
        /// What went wrong.
        error: String,
    },
    /// Give up.
    Failed {
        /// What went wrong.
        error: String,
    },
    /// Not finished, through no fault of the job: due again at once, the attempt is not charged.
    Released,
}

/// An attempt's end, to be stored if the lease still holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Which attempt.
    pub lease: Lease,
    /// How it ended.
    pub outcome: Outcome,
}

/// What became of an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledged {
    /// Stored.
    Applied,
    /// The lease was lost: another server has or had the job, nothing was changed.
    Lost,
}

/// The answer to one exchange.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exchange {
    /// One entry per acknowledgement, in their order.
    pub acknowledged: Vec<Acknowledged>,
    /// Newly leased jobs, oldest due first.
    pub jobs: Vec<FetchedJob>,
    /// How long until the next job of these queues is due, when none was left that is.
    pub next_due_in: Option<Duration>,
}

/// A job server as it announces itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// Its id, new at every start.
    pub id: ServerId,
    /// Jobs it runs at a time.
    pub worker_count: u32,
    /// Queues it serves.
    pub queues: Vec<QueueName>,
}

/// A job server as others see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerRecord {
    /// Its id.
    pub id: ServerId,
    /// Jobs it runs at a time.
    pub worker_count: u32,
    /// Queues it serves.
    pub queues: Vec<String>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it was last heard of.
    pub last_heartbeat_at: Timestamp,
}

/// How full a queue is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueDepth {
    /// Its name.
    pub queue: String,
    /// Due and waiting.
    pub ready: u64,
    /// Leased.
    pub processing: u64,
    /// Waiting for their time.
    pub scheduled: u64,
    /// Given up.
    pub failed: u64,
    /// How long the oldest due job has been due, in seconds.
    pub oldest_ready_age_seconds: f64,
}

/// A job as somebody who looks at it sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRecord {
    /// Its number.
    pub id: JobId,
    /// Its queue.
    pub queue: String,
    /// Its definition.
    pub kind: String,
    /// What it was stored with, as JSON.
    pub args: String,
    /// Where it stands.
    pub state: JobState,
    /// Attempts charged so far.
    pub attempts: u32,
    /// Attempts it may have.
    pub max_attempts: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// The server that holds it.
    pub server: Option<ServerId>,
}

/// Background jobs (D8). All times are the store's own clock.
///
/// At least once: a leased job comes back when its server dies or hands it back. A lease that was
/// lost changes nothing any more.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// The same store, for a server whose kinds of job have these claim statements. A store that
    /// cannot run them leases jobs without; the job does the same itself then.
    fn with_claim_statements(
        self: Arc<Self>,
        statements: &[(&'static str, ClaimStatement)],
    ) -> Arc<dyn JobStore>;

    /// Stores the jobs in one transaction; a job whose unique key exists yields that job's id and
    /// is not stored again.
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<JobId>, StoreError>;

    /// Announces a server and starts its heartbeat.
    async fn register(&self, server: &ServerInfo) -> Result<(), StoreError>;

    /// Renews the server's sign of life. `false`: it was declared dead, its jobs are gone, it must
    /// register anew under a new id.
    async fn heartbeat(&self, server: &ServerId) -> Result<bool, StoreError>;

    /// In one transaction: stores the acknowledgements whose lease holds, then leases up to `limit`
    /// due jobs of `queues` to the server, the queues in the given order and the oldest due first
    /// within one. A server that is not registered gets none.
    async fn exchange(
        &self,
        server: &ServerId,
        acknowledgements: Vec<Acknowledgement>,
        queues: &[QueueName],
        limit: usize,
    ) -> Result<Exchange, StoreError>;

    /// The leases the server holds. It hands back those it does not know of: their exchange was
    /// committed, the answer got lost.
    async fn held(&self, server: &ServerId) -> Result<Vec<Lease>, StoreError>;

    /// Removes servers silent for `lease` or longer and makes their jobs due at once. The lost
    /// attempts stay charged. Returns how many jobs came back.
    async fn recover(&self, lease: Duration) -> Result<u64, StoreError>;

    /// Removes the server and hands back what it still holds, no attempt charged.
    async fn unregister(&self, server: &ServerId) -> Result<(), StoreError>;

    /// Servers that are announced.
    async fn servers(&self) -> Result<Vec<ServerRecord>, StoreError>;

    /// Every queue that holds a job.
    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError>;

    /// One job; `None` when it is unknown or no longer kept.
    async fn find(&self, job: JobId) -> Result<Option<JobRecord>, StoreError>;

    /// Up to `limit` jobs that have failed, newest first.
    async fn failed(&self, limit: usize) -> Result<Vec<JobRecord>, StoreError>;

    /// Makes a failed job due again with its attempts set back. `false` when it is not
    /// failed.
    async fn requeue(&self, job: JobId) -> Result<bool, StoreError>;

    /// Deletes up to `limit` finished jobs older than `keep`. Returns how many.
    async fn prune(&self, keep: Duration, limit: usize) -> Result<u64, StoreError>;
}
