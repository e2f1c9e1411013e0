use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::lifecycle::TaskResult;
use crate::ports::{ComponentHealth, Health, HealthProbe};

/// Probes that take longer are unhealthy; below Kubernetes' probe timeouts and Prometheus' scrape
/// timeout.
const DEADLINE: Duration = Duration::from_secs(2);
/// Anybody may ask, so the components are asked once a second at most.
const FRESH: Duration = Duration::from_secs(1);
/// How often the gauges are renewed when nobody asks.
const REFRESH: Duration = Duration::from_secs(15);

/// What `/health/details` says of the components.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HealthReport {
    /// The worst of the components'.
    pub status: Health,
    /// Each component by name.
    pub components: BTreeMap<&'static str, ComponentHealth>,
}

/// Asks every component how it is.
pub struct HealthRegistry {
    probes: Vec<Arc<dyn HealthProbe>>,
    last: Mutex<Option<(Instant, HealthReport)>>,
}

impl HealthRegistry {
    /// Of these components.
    pub fn new(probes: Vec<Arc<dyn HealthProbe>>) -> Self {
        Self { probes, last: Mutex::new(None) }
    }

    /// The report, at most a second old, within two seconds. Callers that come together share one
    /// round of checks.
    pub async fn report(&self) -> HealthReport {
        let mut last = self.last.lock().await;
        if let Some((_, report)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return report.clone();
        }
        let components: BTreeMap<_, _> =
            join_all(self.probes.iter().map(|probe| check(probe.as_ref())))
                .await
                .into_iter()
                .collect();
        for (component, health) in &components {
            metrics::gauge!("contoso_component_health", "component" => *component)
                .set(score(health.status));
        }
        let status = components
            .values()
            .map(|component| component.status)
            .min_by(|a, b| score(*a).total_cmp(&score(*b)));
        let report = HealthReport { status: status.unwrap_or(Health::Healthy), components };
        *last = Some((Instant::now(), report.clone()));
        report
    }

    /// Renews the gauges every 15 s until `stop`.
    pub async fn keep_fresh(&self, stop: CancellationToken) -> TaskResult {
        let mut ticks = tokio::time::interval(REFRESH);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            stop.run_until_cancelled(self.report()).await;
        }
        Ok(())
    }
}

async fn check(probe: &dyn HealthProbe) -> (&'static str, ComponentHealth) {
    let started = Instant::now();
    let health =
        timeout(DEADLINE, probe.check(DEADLINE)).await.unwrap_or_else(|_| ComponentHealth {
            status: Health::Unhealthy,
            duration_ms: started.elapsed().as_secs_f64() * 1000.0,
            data: serde_json::json!({ "reason": "no answer within the deadline" }),
        });
    (probe.name(), health)
}

/// The numbers ASP.NET's Prometheus exporters use.
fn score(health: Health) -> f64 {
    match health {
        Health::Healthy => 1.0,
        Health::Degraded => 0.5,
        Health::Unhealthy => 0.0,
    }
}
