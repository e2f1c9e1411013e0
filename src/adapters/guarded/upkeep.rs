use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Guard;
use crate::domain::CorrelationId;
use crate::ports::{HeldLock, RoundClaim, StoreError, Upkeep};

/// Upkeep behind a guard.
pub struct GuardedUpkeep {
    inner: Arc<dyn Upkeep>,
    guard: Arc<Guard>,
}

impl GuardedUpkeep {
    /// Guards `inner`.
    pub fn new(inner: Arc<dyn Upkeep>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl Upkeep for GuardedUpkeep {
    async fn claim_round(&self, held: &HeldLock, round: i64) -> Result<RoundClaim, StoreError> {
        self.guard.call(self.inner.claim_round(held, round)).await
    }

    async fn stuck_orders(
        &self,
        quiet: Duration,
        limit: usize,
    ) -> Result<Vec<CorrelationId>, StoreError> {
        self.guard.call(self.inner.stuck_orders(quiet, limit)).await
    }
}
