//! What operators see: health, readiness, the drain marker, metrics and logs.

pub mod drain;
mod health;
pub mod healthcheck;
pub mod listener;
mod metrics;
mod readiness;
pub mod telemetry;

mod routes;

pub use drain::DrainMarker;
pub use health::{HealthRegistry, HealthReport};
pub use metrics::Metrics;
pub use readiness::Readiness;
pub use routes::{Ops, health_routes, ops_routes};
