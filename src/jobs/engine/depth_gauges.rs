use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::FleetHealth;
use crate::ports::{JobStore, QueueDepth, StoreError};

/// Shows in `/metrics` how full the queues are and how many servers live. Any process with a
/// store can do it, so that a scaler sees a queue that nobody works on.
pub struct DepthGauges {
    store: Arc<dyn JobStore>,
    fleet: Arc<FleetHealth>,
    interval: Duration,
}

impl DepthGauges {
    /// Asks the store once per `interval` and tells `fleet`.
    pub fn new(store: Arc<dyn JobStore>, fleet: Arc<FleetHealth>, interval: Duration) -> Self {
        Self { store, fleet, interval }
    }

    /// Keeps the gauges fresh until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        // Queues seen before: one that ran empty must fall to zero.
        let mut seen = HashSet::new();
        loop {
            if let Err(error) = self.refresh(&mut seen).await {
                debug!(%error, "queue depths are not known");
            }
            tokio::select! {
                () = tokio::time::sleep(self.interval) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn refresh(&self, seen: &mut HashSet<String>) -> Result<(), StoreError> {
        let depths = self.store.depths().await?;
        for gone in seen.iter().filter(|queue| depths.iter().all(|depth| depth.queue != **queue)) {
            show(&QueueDepth {
                queue: gone.clone(),
                ready: 0,
                processing: 0,
                scheduled: 0,
                failed: 0,
                oldest_ready_age_seconds: 0.0,
            });
        }
        depths.iter().for_each(show);
        let alive = self.fleet.observe(&depths, &self.store.servers().await?);
        metrics::gauge!("contoso_job_servers").set(alive as f64);
        seen.extend(depths.into_iter().map(|depth| depth.queue));
        Ok(())
    }
}

fn show(depth: &QueueDepth) {
    let set = |name: &'static str, value: f64| {
        metrics::gauge!(name, "queue" => depth.queue.clone()).set(value)
    };
    set("contoso_jobs_ready", depth.ready as f64);
    set("contoso_jobs_processing", depth.processing as f64);
    set("contoso_jobs_scheduled", depth.scheduled as f64);
    set("contoso_jobs_failed", depth.failed as f64);
    set("contoso_jobs_oldest_ready_age_seconds", depth.oldest_ready_age_seconds);
}
