//! Breaker, backoff, pace, deadline. Knows nothing of what it protects.

mod backoff;
mod breaker;
mod circuit;
mod deadline;
mod pace;

pub use backoff::Backoff;
pub use breaker::{Breaker, Permit, Rejected};
pub use circuit::{BreakerSettings, BreakerState};
pub use deadline::{Deadline, TooLate};
pub use pace::Pace;
