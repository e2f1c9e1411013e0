use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::lifecycle::TaskResult;

/// Where durations are cut, in seconds: half a millisecond for a frame to a minute for a job.
const SECONDS: [f64; 16] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];
/// Where counts and sizes are cut.
const SIZES: [f64; 11] =
    [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1_000.0, 10_000.0, 100_000.0];
/// How often histograms are folded, so that an unscraped process does not keep every sample.
const UPKEEP: Duration = Duration::from_secs(5);

/// The `metrics` facade has one recorder per process; tests start several servers in one.
static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// What `/metrics` shows.
#[derive(Clone)]
pub struct Metrics {
    recorder: PrometheusHandle,
    process: metrics_process::Collector,
}

impl Metrics {
    /// Installs the process-wide recorder; a second call shares the first one's. Errors when
    /// another recorder is installed.
    pub fn install(
        version: &'static str,
        role: &'static str,
    ) -> Result<Self, metrics_exporter_prometheus::BuildError> {
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        let recorder = match installed.take() {
            Some(recorder) => recorder,
            None => PrometheusBuilder::new()
                .set_buckets(&SIZES)?
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
                .install_recorder()?,
        };
        *installed = Some(recorder.clone());
        describe();
        gauge!("contoso_build_info", "version" => version, "role" => role).set(1.0);
        let process = metrics_process::Collector::default();
        process.describe();
        Ok(Self { recorder, process })
    }

    /// Everything in Prometheus' text format. Reads the process's figures from the system, so not
    /// for async threads.
    pub fn render(&self) -> String {
        self.process.collect();
        self.recorder.render()
    }

    /// Folds histograms every 5 s until `stop`.
    pub async fn fold(&self, stop: CancellationToken) -> TaskResult {
        let mut ticks = tokio::time::interval(UPKEEP);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.recorder.run_upkeep();
        }
        Ok(())
    }
}

fn describe() {
    describe_gauge!("contoso_build_info", "Version and role of this process; always 1.");
    describe_gauge!("contoso_ready", "1 when this process may take traffic.");
    describe_gauge!(
        "contoso_draining",
        "1 while the drain marker exists or the process is stopping."
    );
    describe_gauge!(
        "contoso_component_health",
        "1 healthy, 0.5 degraded, 0 unhealthy, by component."
    );
}
