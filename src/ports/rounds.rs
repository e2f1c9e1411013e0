use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::StoreError;

/// Which rounds of recurring work were begun, in the system of record.
#[async_trait]
pub trait Rounds: Send + Sync {
    /// Claims the current round of `schedule`: the span of length `every`, counted from 1970 by the
    /// store's own clock, that the call falls into. `true`: it is the caller's, which does the work.
    ///
    /// The beginning of the round is the fencing number: a round is refused once it or a later one
    /// was claimed, whoever held which lock. A `claimant` that asks again, because an answer was
    /// lost, gets the same answer.
    async fn claim(
        &self,
        schedule: &str,
        every: Duration,
        claimant: Uuid,
    ) -> Result<bool, StoreError>;
}
