use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::Guard;
use crate::ports::{ComponentHealth, Health, HealthProbe};
use crate::resilience::BreakerState;

/// A probe that also tells of the breaker. The probe itself is not guarded: it looks at the
/// dependency even while calls are refused.
pub struct GuardedHealth {
    inner: Arc<dyn HealthProbe>,
    guard: Arc<Guard>,
}

impl GuardedHealth {
    /// Adds the state of `guard` to what `inner` finds.
    pub fn new(inner: Arc<dyn HealthProbe>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl HealthProbe for GuardedHealth {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    async fn check(&self, deadline: Duration) -> ComponentHealth {
        let mut health = self.inner.check(deadline).await;
        let state = self.guard.state();
        if let Some(data) = health.data.as_object_mut() {
            data.insert("breaker".to_owned(), json!(state.name()));
        }
        if state != BreakerState::Closed && health.status == Health::Healthy {
            health.status = Health::Degraded;
        }
        health
    }
}
