//! Any back end behind a circuit breaker and a deadline: the same ports, the same promises, a quick
//! refusal during an outage.

mod event_stream;
mod guard;
mod health;
mod jobs;
mod locks;
mod orders;
mod outbox;
mod products;
mod rate_limiter;
mod reports;
mod sessions;
mod shared_cache;
mod status_copy;
mod upkeep;

use std::sync::Arc;

pub use event_stream::GuardedEventStream;
pub use guard::{Guard, GuardSettings};
pub use health::GuardedHealth;
pub use jobs::GuardedJobs;
pub use locks::GuardedLocks;
pub use orders::GuardedOrders;
pub use outbox::GuardedOutbox;
pub use products::GuardedProducts;
pub use rate_limiter::GuardedRateLimiter;
pub use reports::GuardedReports;
pub use sessions::GuardedSessions;
pub use shared_cache::GuardedSharedCache;
pub use status_copy::GuardedStatusCopy;
pub use upkeep::GuardedUpkeep;

use crate::ports::Stores;

/// Every port of the system of record behind one guard. Migrations stay outside: they may take as
/// long as they need.
pub fn stores(inner: Stores, guard: &Arc<Guard>) -> Stores {
    Stores {
        orders: Arc::new(GuardedOrders::new(inner.orders, guard.clone())),
        products: Arc::new(GuardedProducts::new(inner.products, guard.clone())),
        outbox: Arc::new(GuardedOutbox::new(inner.outbox, guard.clone())),
        jobs: Arc::new(GuardedJobs::new(inner.jobs, guard.clone())),
        reports: Arc::new(GuardedReports::new(inner.reports, guard.clone())),
        upkeep: Arc::new(GuardedUpkeep::new(inner.upkeep, guard.clone())),
        schema: inner.schema,
        health: Arc::new(GuardedHealth::new(inner.health, guard.clone())),
        report_health: inner.report_health,
    }
}
