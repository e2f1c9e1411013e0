//! Where adapters start their tasks.

use std::time::Duration;

use contoso_shop::lifecycle::{StopPlan, Supervisor};

/// A supervisor that nobody stops: its tasks end with the test's runtime.
pub fn tasks() -> Supervisor {
    let none = Duration::ZERO;
    Supervisor::new(StopPlan {
        announce: none,
        work: none,
        requests: none,
        background: none,
        last: none,
    })
}
