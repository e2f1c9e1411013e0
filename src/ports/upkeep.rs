use std::time::Duration;

use async_trait::async_trait;

use super::{HeldLock, StoreError};
use crate::domain::CorrelationId;

/// What became of a claim to a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundClaim {
    /// The round is the holder's: it does the work.
    Ours,
    /// This round or a later one was done already.
    Done,
    /// Another holder has been at work since this one took the lock.
    Late,
}

/// What recurring work needs of the system of record.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Claims a round of the schedule that the lock is named after. Check of the fencing number and
    /// claim are one transaction, so no round is done twice, whatever became of the lock. A holder
    /// that asks again gets the same answer.
    async fn claim_round(&self, held: &HeldLock, round: i64) -> Result<RoundClaim, StoreError>;

    /// Up to `limit` orders that are not finished, did not change for `quiet`, and have no job left
    /// that could finish them.
    async fn stuck_orders(
        &self,
        quiet: Duration,
        limit: usize,
    ) -> Result<Vec<CorrelationId>, StoreError>;
}
