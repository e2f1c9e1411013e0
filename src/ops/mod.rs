//! What operators see: health, readiness, the drain marker, metrics and logs.

pub mod drain;
pub mod healthcheck;
