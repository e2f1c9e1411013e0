use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::ServerOptions;
use super::execution::{Executor, Finished, name};
use super::heartbeat::within;
use crate::domain::ServerId;
use crate::ports::{Acknowledged, Acknowledgement, JobStore, Lease, Outcome, StoreError, Wakeup};
use crate::resilience::Pace;

/// How long cancelled jobs may take to end by themselves.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long aborted tasks may take to let go.
const ABORT_TIMEOUT: Duration = Duration::from_millis(200);
/// How long a store call may still take once the server is told to stop.
const STOPPING_TIMEOUT: Duration = Duration::from_secs(1);
/// How long storing the last results and signing off may take.
const SIGN_OFF_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Label of attempts that this server knows nothing more about.
const UNKNOWN_KIND: &str = "unknown";

/// The one loop between the store and the running jobs. Everything it awaits may be dropped without
/// losing a result: results stay in `unsaved` until the store has them.
pub(super) struct Dispatcher {
    store: Arc<dyn JobStore>,
    wakeup: Arc<dyn Wakeup>,
    options: ServerOptions,
    executor: Executor,
    server: ServerId,
    /// The store has declared this server dead.
    lost: CancellationToken,
    /// Parent of every job's token.
    cancel_jobs: CancellationToken,
    fetching: bool,
    tasks: JoinSet<Finished>,
    running: HashMap<Id, Lease>,
    unsaved: Vec<Finished>,
    /// When the first of `unsaved` should be stored at the latest.
    flush_at: Option<Instant>,
    poll_at: Instant,
    reconcile_at: Instant,
    idle: Pace,
    trouble: Pace,
}

enum Signal {
    /// Time for an exchange.
    Due,
    Stop,
    Lost,
}

impl Dispatcher {
    pub fn new(
        store: Arc<dyn JobStore>,
        wakeup: Arc<dyn Wakeup>,
        options: ServerOptions,
        executor: Executor,
        server: ServerId,
        lost: CancellationToken,
    ) -> Self {
        let now = Instant::now();
        Self {
            idle: Pace::new(options.poll_min, options.poll_max),
            trouble: Pace::new(Duration::from_millis(50), Duration::from_secs(3)),
            poll_at: now,
            reconcile_at: now + options.lease,
            flush_at: None,
            fetching: true,
            cancel_jobs: CancellationToken::new(),
            tasks: JoinSet::new(),
            running: HashMap::new(),
            unsaved: Vec::new(),
            store,
            wakeup,
            options,
            executor,
            server,
            lost,
        }
    }

    /// Works until `stop` and winds up, or until the server is lost.
    pub async fn run(mut self, stop: &CancellationToken) {
        loop {
            match self.until_due(stop).await {
                Signal::Due => self.exchange_or_back_off(stop).await,
                Signal::Stop => break self.wind_up().await,
                Signal::Lost => break self.abandon().await,
            }
        }
        metrics::gauge!("contoso_jobs_running").set(0.0);
    }

    /// Collects finished attempts until there is a reason to talk to the store.
    async fn until_due(&mut self, stop: &CancellationToken) -> Signal {
        loop {
            // A hint that comes while no slot is free is not listened to: the next exchange that
            // frees one fetches anyway.
            let room = self.free() > 0;
            let poll_at = room.then_some(self.poll_at);
            let due = [poll_at, self.flush_at].into_iter().flatten().min();
            let due = due.unwrap_or_else(|| Instant::now() + self.options.job_timeout);
            tokio::select! {
                biased;
                () = self.lost.cancelled() => return Signal::Lost,
                () = stop.cancelled(), if self.fetching => return Signal::Stop,
                Some(ended) = self.tasks.join_next_with_id() => {
                    self.collect(ended);
                    if self.unsaved.len() >= self.options.worker_count.div_ceil(2) {
                        self.collect_stragglers().await;
                        return Signal::Due;
                    }
                    self.flush_at.get_or_insert_with(|| Instant::now() + self.options.flush_interval);
                }
                () = self.wakeup.hinted(), if room => return Signal::Due,
                () = sleep_until(due) => return Signal::Due,
            }
        }
    }

    fn free(&self) -> usize {
        if self.fetching { self.options.worker_count.saturating_sub(self.running.len()) } else { 0 }
    }

    fn collect(&mut self, ended: Result<(Id, Finished), JoinError>) {
        let mut next = Some(ended);
        while let Some(ended) = next {
            match ended {
                Ok((task, finished)) => {
                    self.running.remove(&task);
                    self.unsaved.push(finished);
                }
                Err(error) => {
                    let outcome = if error.is_cancelled() {
                        Outcome::Released
                    } else {
                        // Panics are caught around the job, but what it leaves behind may panic
                        // when it is dropped.
                        Outcome::Retry {
                            delay: self.options.retry.wait(1),
                            error: "its task broke down".to_owned(),
                        }
                    };
                    self.unsaved.extend(
                        self.running
                            .remove(&error.id())
                            .map(|lease| Finished::unknown(lease, outcome)),
                    );
                }
            }
            next = self.tasks.try_join_next_with_id();
        }
    }

    /// Lets short jobs that are about to end come along: twice as many results then share a commit.
    async fn collect_stragglers(&mut self) {
        loop {
            tokio::task::yield_now().await;
            let Some(ended) = self.tasks.try_join_next_with_id() else { return };
            self.collect(ended);
        }
    }

    async fn exchange_or_back_off(&mut self, stop: &CancellationToken) {
        let fetching = self.fetching;
        let too_late = async {
            stop.cancelled().await;
            sleep(STOPPING_TIMEOUT).await;
        };
        let result = tokio::select! {
            result = self.exchange() => result,
            () = too_late, if fetching => Err(StoreError::unavailable("no answer before the stop")),
        };
        metrics::gauge!("contoso_jobs_running").set(self.running.len() as f64);
        let Err(error) = result else {
            self.trouble.reset();
            return;
        };
        // The exchange may have been committed all the same.
        self.reconcile_at = Instant::now();
        let wait = match &error {
            StoreError::Unavailable { retry_after, .. } => {
                self.trouble.wait().max(*retry_after).min(Duration::from_secs(3))
            }
            StoreError::Fault { .. } => self.trouble.wait(),
        };
        warn!(%error, unsaved = self.unsaved.len(), ?wait, "the job store does not answer");
        tokio::select! {
            () = sleep(wait) => {}
            () = stop.cancelled(), if self.fetching => {}
            () = self.lost.cancelled() => {}
        }
        // What is finished need not wait for another job to finish.
        self.flush_at = (!self.unsaved.is_empty()).then(Instant::now);
    }

    /// Hands in what is finished and takes as many jobs as there are free slots.
    async fn exchange(&mut self) -> Result<(), StoreError> {
        self.flush_at = None;
        if Instant::now() >= self.reconcile_at {
            self.reconcile().await?;
        }
        let limit = self.free();
        if limit == 0 && self.unsaved.is_empty() {
            return Ok(());
        }
        let acknowledgements =
            self.unsaved.iter().map(|finished| finished.acknowledgement.clone()).collect();
        let call = self.store.exchange(&self.server, acknowledgements, &self.options.queues, limit);
        let answer = within(self.options.lease / 2, call).await?;
        for (finished, fate) in mem::take(&mut self.unsaved).into_iter().zip(answer.acknowledged) {
            count(&finished, fate);
        }
        if !answer.jobs.is_empty() {
            self.idle.reset();
        }
        let due_in = answer.next_due_in.unwrap_or(Duration::MAX).max(Duration::from_millis(1));
        self.poll_at = Instant::now() + self.idle.wait().min(due_in);
        for job in answer.jobs {
            let lease = job.lease;
            let (executor, cancelled) = (self.executor.clone(), self.cancel_jobs.child_token());
            let task = self.tasks.spawn(async move { executor.execute(job, cancelled).await });
            self.running.insert(task.id(), lease);
        }
        Ok(())
    }

    /// Hands back leases that the store gave out in an answer that never arrived; nobody else
    /// would, while this server lives.
    async fn reconcile(&mut self) -> Result<(), StoreError> {
        let held = within(self.options.lease / 2, self.store.held(&self.server)).await?;
        let unsaved = self.unsaved.iter().map(|finished| finished.acknowledgement.lease);
        let known: HashSet<Lease> = self.running.values().copied().chain(unsaved).collect();
        for lease in held.into_iter().filter(|lease| !known.contains(lease)) {
            info!(job = %lease.job, "handing back a job that never arrived");
            self.unsaved.push(Finished::unknown(lease, Outcome::Released));
        }
        self.reconcile_at = Instant::now() + self.options.lease;
        Ok(())
    }

    /// Ends without a new fetch: waits for the jobs, then cancels them, then hands them back.
    async fn wind_up(mut self) {
        self.fetching = false;
        if timeout(self.options.job_stop, self.finish()).await.is_err() {
            self.cancel_jobs.cancel();
            let _ = timeout(CANCEL_TIMEOUT, self.finish()).await;
        }
        if self.lost.is_cancelled() {
            return self.abandon().await;
        }
        self.tasks.abort_all();
        let _ = timeout(ABORT_TIMEOUT, self.finish()).await;
        // A task that never yields cannot be ended; its results are refused once the job is handed
        // back.
        self.tasks.detach_all();
        for lease in mem::take(&mut self.running).into_values() {
            self.unsaved.push(Finished::unknown(lease, Outcome::Released));
        }
        let sign_off = async {
            self.finish().await;
            if let Err(error) = self.store.unregister(&self.server).await {
                warn!(%error, "job server cannot sign off, its lease will run out");
            }
        };
        if timeout(SIGN_OFF_TIMEOUT, sign_off).await.is_err() {
            warn!(
                unsaved = self.unsaved.len(),
                "the job store did not take the last results, they will be repeated"
            );
        }
    }

    /// Returns when no job runs and every result is stored, or the server is lost.
    async fn finish(&mut self) {
        let never = CancellationToken::new();
        while !self.lost.is_cancelled() {
            if self.tasks.is_empty() && self.unsaved.is_empty() {
                return;
            }
            if self.tasks.is_empty() || matches!(self.until_due(&never).await, Signal::Due) {
                self.exchange_or_back_off(&never).await;
            }
        }
    }

    /// The jobs are somebody else's now: ends them and forgets their results.
    async fn abandon(mut self) {
        self.cancel_jobs.cancel();
        let lost = self.running.len() + self.unsaved.len();
        metrics::counter!("contoso_jobs_lost_leases_total").increment(lost as u64);
        let all_ended = async { while self.tasks.join_next().await.is_some() {} };
        // Tasks that are left are aborted with the set.
        let _ = timeout(CANCEL_TIMEOUT, all_ended).await;
    }
}

impl Finished {
    fn unknown(lease: Lease, outcome: Outcome) -> Self {
        Self { kind: UNKNOWN_KIND, acknowledgement: Acknowledgement { lease, outcome } }
    }
}

fn count(finished: &Finished, fate: Acknowledged) {
    let (kind, outcome) = (finished.kind, &finished.acknowledgement.outcome);
    if fate == Acknowledged::Lost {
        info!(job = %finished.acknowledgement.lease.job, "result refused, the lease was lost");
        metrics::counter!("contoso_jobs_lost_leases_total").increment(1);
        return;
    }
    metrics::counter!("contoso_jobs_processed_total", "kind" => kind, "outcome" => name(outcome))
        .increment(1);
    if matches!(outcome, Outcome::Retry { .. }) {
        metrics::counter!("contoso_jobs_retried_total", "kind" => kind).increment(1);
    }
}
