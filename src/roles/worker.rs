use crate::app::{ProcessOrder, PruneFinished};
use crate::jobs::definitions::OrderAccepted;
use crate::jobs::engine::{JobRegistry, JobServer, RetryPolicy, ServerOptions};
use crate::lifecycle::{StopPhase, Supervisor};

use super::shared::Shared;

/// Starts the job server and the upkeep of its tables. Only called where jobs are processed, so a web pod has no worker (V-14).
pub(super) fn start(shared: &Shared, supervisor: &Supervisor) {
    let settings = &shared.settings;
    let process = ProcessOrder::new(
        shared.stores.orders.clone(),
        shared.copy.clone(),
        shared.wakeup.clone(),
        settings.orders_processing_time,
    );
    let options = ServerOptions {
        machine: settings.pod.clone(),
        worker_count: usize::try_from(settings.hangfire.worker_count).unwrap_or(usize::MAX),
        queues: settings.hangfire.queues.clone(),
        lease: settings.jobs.lease,
        heartbeat: settings.jobs.heartbeat,
        job_stop: settings.drain.job_stop,
        retry: RetryPolicy { base: settings.jobs.retry_base, ..RetryPolicy::default() },
        ..ServerOptions::default()
    };
    let registry = JobRegistry::new().with(OrderAccepted(process));
    let server = JobServer::new(shared.stores.jobs.clone(), shared.wakeup.clone(), registry, options);
    supervisor.spawn("job-server", StopPhase::Work, |stop| async move {
        server.run(stop).await;
        Ok(())
    });
    let prune = PruneFinished::new(shared.stores.jobs.clone(), shared.stores.outbox.clone(), shared.stores.orders.clone());
    supervisor.spawn("prune-finished", StopPhase::Background, |stop| async move {
        prune.run(stop).await;
        Ok(())
    });
}
