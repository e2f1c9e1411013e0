use std::sync::Arc;

use crate::app::{AfterCommit, ProcessOrder, PruneFinished, Recurring, RecurringTask, SweepStuck};
use crate::jobs::definitions::OrderAccepted;
use crate::jobs::engine::{JobRegistry, JobServer, ServerOptions};
use crate::lifecycle::{StopPhase, Supervisor};
use crate::ports::SystemClock;
use crate::resilience::Backoff;

use super::components::Components;

/// Starts the job server and the recurring work. Only called where jobs are processed, so a
/// web pod has no worker (V-14).
pub(super) fn start(components: &Components, supervisor: &Supervisor) {
    let settings = &components.settings;
    let process = ProcessOrder::new(
        components.stores.orders.clone(),
        components.copy.clone(),
        after_commit(components),
        settings.orders_processing_time,
    );
    let options = ServerOptions {
        machine: settings.pod.clone(),
        worker_count: usize::try_from(settings.hangfire.worker_count).unwrap_or(usize::MAX),
        queues: settings.hangfire.queues.clone(),
        lease: settings.jobs.lease,
        heartbeat: settings.jobs.heartbeat,
        job_stop: settings.drain.job_stop,
        ..ServerOptions::default()
    };
    let retry = Backoff { first: settings.jobs.retry_base, ..options.retry };
    let options = ServerOptions { retry, ..options };
    let registry = JobRegistry::new().with(OrderAccepted(process));
    let server = JobServer::new(
        components.stores.jobs.clone(),
        components.wakeup.clone(),
        registry,
        options,
    );
    supervisor.spawn("job-server", StopPhase::Work, |stop| async move {
        server.run(stop).await;
        Ok(())
    });
    start_recurring(components, supervisor);
}

fn after_commit(components: &Components) -> AfterCommit {
    AfterCommit::new(
        components.copy.clone(),
        components.wakeup.clone(),
        components.handover.clone(),
    )
}

/// What one of all workers does from time to time.
fn start_recurring(components: &Components, supervisor: &Supervisor) {
    let (stores, settings) = (&components.stores, &components.settings.recurring);
    let prune = Arc::new(PruneFinished::new(
        stores.jobs.clone(),
        stores.outbox.clone(),
        stores.orders.clone(),
    ));
    let sweep = Arc::new(SweepStuck::new(
        stores.orders.clone(),
        after_commit(components),
        settings.stuck_after,
    ));
    let clean_up = RecurringTask {
        name: "clean-up",
        every: settings.clean_up,
        work: Box::new(move || {
            let prune = prune.clone();
            Box::pin(async move { prune.round().await })
        }),
    };
    let sweep = RecurringTask {
        name: "sweep",
        every: settings.sweep,
        work: Box::new(move || {
            let sweep = sweep.clone();
            Box::pin(async move { sweep.round().await })
        }),
    };
    for task in [clean_up, sweep] {
        let recurring = Recurring::new(
            components.shared_state.locks.clone(),
            stores.rounds.clone(),
            Arc::new(SystemClock),
        );
        supervisor.spawn(task.name, StopPhase::Background, |stop| async move {
            recurring.run(task, stop).await;
            Ok(())
        });
    }
}
