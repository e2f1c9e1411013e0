use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// The time was up before the work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not done within {allowed:?}")]
pub struct TooLate {
    /// What the work was given in all.
    pub allowed: Duration,
}

/// An instant by which a piece of work, all its attempts and waits together, must be done.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    allowed: Duration,
}

impl Deadline {
    /// `allowed` from now.
    pub fn after(allowed: Duration) -> Self {
        Self { at: Instant::now() + allowed, allowed }
    }

    /// Time left; zero when it is up.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Runs `work` until it is done or the time is up; then it is dropped where it stands.
    ///
    /// # Errors
    /// [`TooLate`] when the time was up first.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, TooLate> {
        timeout_at(self.at, work).await.map_err(|_| TooLate { allowed: self.allowed })
    }
}
