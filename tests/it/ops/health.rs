use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use contoso_shop::ops::HealthRegistry;
use contoso_shop::ports::{ComponentHealth, Health, HealthProbe};

/// A component that is as well as it is told to be; `None` never answers.
pub(super) struct Component {
    pub(super) name: &'static str,
    pub(super) health: Option<Health>,
    pub(super) checks: AtomicUsize,
}

impl Component {
    pub(super) fn new(name: &'static str, health: Option<Health>) -> Arc<Self> {
        Arc::new(Self { name, health, checks: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl HealthProbe for Component {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn check(&self, _deadline: Duration) -> ComponentHealth {
        self.checks.fetch_add(1, Ordering::Relaxed);
        match self.health {
            Some(status) => ComponentHealth {
                status,
                duration_ms: 1.5,
                data: serde_json::json!({ "poolInUse": 3 }),
            },
            None => std::future::pending().await,
        }
    }
}

#[tokio::test]
async fn the_worst_component_decides() {
    use Health::{Degraded, Healthy, Unhealthy};
    for (of, status) in [
        (vec![], Healthy),
        (vec![Healthy, Healthy], Healthy),
        (vec![Healthy, Degraded], Degraded),
        (vec![Degraded, Unhealthy, Healthy], Unhealthy),
    ] {
        let names = ["sql", "redis", "jobs"];
        let probes = of
            .iter()
            .zip(names)
            .map(|(health, name)| Component::new(name, Some(*health)) as Arc<dyn HealthProbe>);
        assert_eq!(HealthRegistry::new(probes.collect()).report().await.status, status, "{of:?}");
    }
}

#[tokio::test]
async fn a_component_that_never_answers_is_unhealthy_and_does_not_hide_the_others() {
    let registry = HealthRegistry::new(vec![
        Component::new("sql", None),
        Component::new("redis", Some(Health::Healthy)),
    ]);
    let started = Instant::now();
    let report = registry.report().await;
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(report.components["sql"].status, Health::Unhealthy);
    assert!(report.components["sql"].duration_ms >= 2000.0);
    assert_eq!(report.components["redis"].status, Health::Healthy);
}

#[tokio::test]
async fn a_crowd_of_callers_costs_one_check() {
    let sql = Component::new("sql", Some(Health::Healthy));
    let registry = HealthRegistry::new(vec![Arc::clone(&sql) as Arc<dyn HealthProbe>]);
    futures_util::future::join_all((0..100).map(|_| registry.report())).await;
    assert_eq!(sql.checks.load(Ordering::Relaxed), 1);
}
