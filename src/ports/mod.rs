//! What the use cases need from the outside, as traits. The doc of a method is its promise;
//! `tests/it/contract` holds every back end to it.

mod cache;
mod clock;
mod committed_events;
mod error;
mod events;
mod health;
mod jobs;
mod key_source;
mod locks;
mod notifier;
mod orders;
mod outbox;
mod products;
mod rate_limiter;
mod reports;
mod rounds;
mod schema;
mod sessions;
mod status_copy;
mod wakeup;

pub use cache::{Cache, CacheArea, CacheKey, CacheNotice, CacheSlot, Cached, Load, SharedCache};
pub use clock::{Clock, SystemClock};
pub use committed_events::CommittedEvents;
pub use error::{BoxError, StoreError};
pub use events::{Appended, DeadLetter, DeadLetters, EventStream, StreamEntry, StreamState};
pub use health::{Availability, ComponentHealth, Health, HealthProbe};
pub use jobs::{
    Acknowledged, Acknowledgement, ClaimStatement, Exchange, FetchedJob, JobRecord, JobStore,
    Lease, NewJob, Outcome, QueueDepth, ServerInfo, ServerRecord,
};
pub use key_source::{KeySource, PublishedKeys};
pub use locks::{HeldLock, Locks};
pub use notifier::{Notified, NotifyError, OrderNotifier};
pub use orders::{
    AdvanceOrder, Advanced, IdempotencyKey, NewOrder, OrderFilter, OrderStore, Placed, Removed,
    RequeueOrder, RequeuedOrder, Shortage, StuckOrder,
};
pub use outbox::{HANDOVER, Outbox, OutboxBacklog, OutboxEntry};
pub use products::ProductStore;
pub use rate_limiter::{RateDecision, RateLimit, RateLimiter};
pub use reports::Reports;
pub use rounds::Rounds;
pub use schema::{Schema, SchemaState};
pub use sessions::{MAX_SESSION, Sessions};
pub use status_copy::{CopiedStatus, StatusCopy};
pub use wakeup::Wakeup;

use std::sync::Arc;

/// The system of record: every port one SQL database stands behind. Clones share it.
#[derive(Clone)]
pub struct Stores {
    /// Orders and their idempotency records.
    pub orders: Arc<dyn OrderStore>,
    /// The catalogue.
    pub products: Arc<dyn ProductStore>,
    /// Events on their way out.
    pub outbox: Arc<dyn Outbox>,
    /// Background jobs.
    pub jobs: Arc<dyn JobStore>,
    /// Sums over orders.
    pub reports: Arc<dyn Reports>,
    /// Rounds of recurring work.
    pub rounds: Arc<dyn Rounds>,
    /// Migrations.
    pub schema: Arc<dyn Schema>,
    /// Whether the database answers.
    pub health: Arc<dyn HealthProbe>,
    /// Whether the database that reports read answers, where it is another one.
    pub report_health: Option<Arc<dyn HealthProbe>>,
}
