use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

/// How well a component is (S1-Res-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Healthy,
    /// Works, but slowly or with a fallback.
    Degraded,
    /// Does not work.
    Unhealthy,
}

/// One line of `/health/details`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComponentHealth {
    /// Verdict.
    pub status: Health,
    /// How long the check took, in milliseconds.
    pub duration_ms: f64,
    /// More to know: numbers and states, never host names or secrets.
    pub data: serde_json::Value,
}

/// Checks one component.
#[async_trait]
pub trait HealthProbe: Send + Sync {
    /// The component's name, such as `sql` or `redis`.
    fn name(&self) -> &'static str;

    /// Looks at the component for at most `deadline`; a component that does not answer is
    /// unhealthy.
    async fn check(&self, deadline: Duration) -> ComponentHealth;
}

/// Whether a dependency is believed to answer, known without asking it.
pub trait Availability: Send + Sync {
    /// `false` while calls to it are refused, or one is tried after a refusal.
    fn is_available(&self) -> bool;
}
