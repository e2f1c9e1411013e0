use std::process;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::dispatcher::Dispatcher;
use super::execution::Executor;
use super::heartbeat::{Heartbeat, within};
use super::{JobRegistry, ServerOptions};
use crate::domain::ServerId;
use crate::ports::{JobStore, ServerInfo, Wakeup};
use crate::resilience::Pace;

/// Runs jobs. One per process; the store tells it apart from all others by an id made anew at every
/// start.
pub struct JobServer {
    store: Arc<dyn JobStore>,
    wakeup: Arc<dyn Wakeup>,
    options: ServerOptions,
    executor: Executor,
    registered: watch::Sender<Option<ServerId>>,
}

impl JobServer {
    /// A server that has not started yet.
    pub fn new(
        store: Arc<dyn JobStore>,
        wakeup: Arc<dyn Wakeup>,
        registry: JobRegistry,
        options: ServerOptions,
    ) -> Self {
        let store = store.with_claim_statements(registry.claim_statements());
        let options = ServerOptions { worker_count: options.worker_count.max(1), ..options };
        let executor = Executor { registry, retry: options.retry, timeout: options.job_timeout };
        Self { store, wakeup, options, executor, registered: watch::Sender::new(None) }
    }

    /// The id under which the server is announced; `None` before the store answered and after the
    /// end.
    pub fn registered(&self) -> watch::Receiver<Option<ServerId>> {
        self.registered.subscribe()
    }

    /// Works until `stop`, then fetches no more, lets running jobs go on for `job_stop`, cancels
    /// the rest, hands back what is left and takes itself off the list: at most `job_stop` and 5 s
    /// in all, even when the store does not answer.
    pub async fn run(self, stop: CancellationToken) {
        metrics::gauge!("contoso_jobs_slots").set(self.options.worker_count as f64);
        while !stop.is_cancelled() {
            let Some(server) = self.register(&stop).await else { break };
            self.registered.send_replace(Some(server.clone()));
            self.serve(server, &stop).await;
            self.registered.send_replace(None);
        }
        metrics::gauge!("contoso_jobs_slots").set(0.0);
    }

    /// Serves under one id, until the stop or until the store has declared that id dead.
    async fn serve(&self, server: ServerId, stop: &CancellationToken) {
        info!(%server, workers = self.options.worker_count, "job server started");
        let lost = CancellationToken::new();
        let heartbeat = Heartbeat {
            store: self.store.clone(),
            wakeup: self.wakeup.clone(),
            server: server.clone(),
            lease: self.options.lease,
            interval: self.options.heartbeat,
        };
        // A task of its own, so that no load delays it; it goes on while jobs are drained and ends
        // with this function.
        let mut heart = JoinSet::new();
        heart.spawn(heartbeat.run(lost.clone()));
        let store = self.store.clone();
        let dispatcher = Dispatcher::new(
            store,
            self.wakeup.clone(),
            self.options.clone(),
            self.executor.clone(),
            server.clone(),
            lost,
        );
        dispatcher.run(stop).await;
        info!(%server, "job server stopped");
    }

    async fn register(&self, stop: &CancellationToken) -> Option<ServerId> {
        let id =
            ServerId::new(format!("{}:{}:{}", self.options.machine, process::id(), Uuid::new_v4()));
        let info = ServerInfo {
            id: id.clone(),
            worker_count: u32::try_from(self.options.worker_count).unwrap_or(u32::MAX),
            queues: self.options.queues.clone(),
        };
        let mut pace = Pace::new(Duration::from_millis(100), Duration::from_secs(3));
        loop {
            let registering = within(self.options.lease / 2, self.store.register(&info));
            let result = tokio::select! {
                result = registering => result,
                () = stop.cancelled() => return None,
            };
            let Err(error) = result else { return Some(id) };
            warn!(%error, "job server cannot be announced yet");
            tokio::select! {
                () = tokio::time::sleep(pace.wait()) => {}
                () = stop.cancelled() => return None,
            }
        }
    }
}
