//! The job engine on a SQLite file: no-op jobs per second end to end, beside the same engine with
//! one transaction per job; and how long a lone job waits to be picked up, with hints and by the
//! poll alone. Every job is checked to have run exactly once.
//!
//! `cargo bench --bench jobs -- [jobs]`

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use contoso_shop::adapters::memory::LocalWakeup;
use contoso_shop::adapters::sqlite::{SqliteOptions, SqliteStore};
use contoso_shop::domain::{JobId, QueueName, ServerId};
use contoso_shop::jobs::engine::{
    Job, JobContext, JobError, JobRegistry, JobServer, ServerOptions,
};
use contoso_shop::ports::{
    Acknowledgement, ClaimStatement, Exchange, JobRecord, JobStore, Lease, NewJob, QueueDepth,
    ServerInfo, ServerRecord, StoreError, Stores, SystemClock, Wakeup,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Jobs enqueued in one call.
const CHUNK: u64 = 5_000;
const PICKUPS: u64 = 200;

#[tokio::main]
async fn main() {
    // Cargo passes `--bench`; the first number, if any, is ours.
    let jobs =
        std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(50_000);
    println!("| what | workers | jobs | jobs/s | exchanges per job | against the baseline |");
    println!("|---|---|---|---|---|---|");
    for workers in [10, 20, 100] {
        let (baseline, calls) = throughput(jobs / 25, workers, true).await;
        println!(
            "| one transaction per job (baseline) | {workers} | {} | {baseline:.0} | {calls:.2} | 1.0 |",
            jobs / 25
        );
        let (rate, calls) = throughput(jobs, workers, false).await;
        println!(
            "| batches | {workers} | {jobs} | {rate:.0} | {calls:.2} | {:.1} |",
            rate / baseline
        );
    }
    println!();
    println!("| pickup of a lone job, from the call of enqueue | p50 ms | p99 ms |");
    println!("|---|---|---|");
    for hints in [true, false] {
        let (p50, p99) = pickup(hints).await;
        println!(
            "| {} | {p50:.1} | {p99:.1} |",
            if hints { "with hints" } else { "by the poll alone" }
        );
    }
}

/// Runs `jobs` jobs that wait in the store. Returns jobs per second and exchanges per job.
async fn throughput(jobs: u64, workers: usize, one_by_one: bool) -> (f64, f64) {
    let (stores, _folder) = store().await;
    for first in (1..=jobs).step_by(CHUNK as usize) {
        let chunk = (first..=jobs.min(first + CHUNK - 1)).map(job).collect();
        stores.jobs.enqueue(chunk).await.expect("enqueue");
    }
    let (counted, exchanges) = (Counted::default(), Arc::new(AtomicU64::new(0)));
    let store =
        Arc::new(Measured { inner: stores.jobs.clone(), exchanges: exchanges.clone(), one_by_one });
    let start = Instant::now();
    let (stop, server) = serve(store, Arc::new(LocalWakeup::default()), counted.clone(), workers);
    // The last job counts when its result is committed, not when it has run.
    let mut took = Duration::ZERO;
    while took.is_zero() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if counted.0.0.load(SeqCst) >= jobs {
            let left: u64 = stores
                .jobs
                .depths()
                .await
                .expect("depths")
                .iter()
                .map(|depth| depth.ready + depth.processing)
                .sum();
            if left == 0 {
                took = start.elapsed();
            }
        }
    }
    stop.cancel();
    server.await.expect("stopped");
    assert_eq!(
        (counted.0.0.load(SeqCst), counted.0.1.load(SeqCst)),
        (jobs, jobs * (jobs + 1) / 2),
        "every job ran exactly once"
    );
    (jobs as f64 / took.as_secs_f64(), exchanges.load(SeqCst) as f64 / jobs as f64)
}

/// Enqueues one job at a time into an idle server. Returns the median and the 99th percentile of
/// the wait in milliseconds.
async fn pickup(hints: bool) -> (f64, f64) {
    let (stores, _folder) = store().await;
    let wakeup = Arc::new(LocalWakeup::default());
    let (started, mut starts) = mpsc::channel(1);
    let (stop, server) = serve(stores.jobs.clone(), wakeup.clone(), Started(started), 20);
    let mut waits = Vec::new();
    for number in 0..PICKUPS {
        // Idle long enough for the poll to slow down, and out of step with it.
        tokio::time::sleep(
            Duration::from_millis(700 + number * 37 % 300) / if hints { 10 } else { 1 },
        )
        .await;
        let start = Instant::now();
        stores.jobs.enqueue(vec![job(number)]).await.expect("enqueue");
        if hints {
            wakeup.hint();
        }
        let started: Instant = starts.recv().await.expect("started");
        waits.push(started.duration_since(start).as_secs_f64() * 1e3);
    }
    stop.cancel();
    server.await.expect("stopped");
    waits.sort_by(f64::total_cmp);
    (waits[waits.len() / 2], waits[waits.len() * 99 / 100])
}

fn serve<J: Job>(
    store: Arc<dyn JobStore>,
    wakeup: Arc<LocalWakeup>,
    kind: J,
    worker_count: usize,
) -> (CancellationToken, tokio::task::JoinHandle<()>) {
    let options = ServerOptions { worker_count, ..ServerOptions::default() };
    let server = JobServer::new(store, wakeup, JobRegistry::new().with(kind), options);
    let stop = CancellationToken::new();
    (stop.clone(), tokio::spawn(server.run(stop)))
}

async fn store() -> (Stores, tempfile::TempDir) {
    // On the disk the build is on: a file in memory would flush for nothing.
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("temp dir");
    let options = SqliteOptions::new(folder.path().join("jobs.db"));
    let stores = SqliteStore::open(options, Arc::new(SystemClock)).expect("open").stores();
    stores.schema.migrate().await.expect("migrate");
    (stores, folder)
}

fn job(number: u64) -> NewJob {
    NewJob {
        queue: QueueName::default_queue(),
        kind: KIND.to_owned(),
        args: number.to_string(),
        delay: Duration::ZERO,
        max_attempts: 5,
        unique_key: None,
        trace_parent: None,
    }
}

const KIND: &str = "bench.noop";

/// Counts jobs and adds up their numbers.
#[derive(Clone, Default)]
struct Counted(Arc<(AtomicU64, AtomicU64)>);

#[async_trait]
impl Job for Counted {
    const KIND: &'static str = KIND;
    type Payload = u64;

    async fn run(&self, _context: &JobContext, number: u64) -> Result<(), JobError> {
        self.0.1.fetch_add(number, SeqCst);
        self.0.0.fetch_add(1, SeqCst);
        Ok(())
    }
}

/// Tells when it was started.
struct Started(mpsc::Sender<Instant>);

#[async_trait]
impl Job for Started {
    const KIND: &'static str = KIND;
    type Payload = u64;

    async fn run(&self, _context: &JobContext, _number: u64) -> Result<(), JobError> {
        self.0.send(Instant::now()).await.map_err(JobError::fatal)
    }
}

/// Counts exchanges; optionally makes one transaction of each acknowledgement and of each fetch.
struct Measured {
    inner: Arc<dyn JobStore>,
    exchanges: Arc<AtomicU64>,
    one_by_one: bool,
}

impl Measured {
    async fn counted(
        &self,
        server: &ServerId,
        acknowledgements: Vec<Acknowledgement>,
        queues: &[QueueName],
        limit: usize,
    ) -> Result<Exchange, StoreError> {
        self.exchanges.fetch_add(1, SeqCst);
        self.inner.exchange(server, acknowledgements, queues, limit).await
    }
}

#[async_trait]
impl JobStore for Measured {
    fn with_claim_statements(
        self: Arc<Self>,
        _: &[(&'static str, ClaimStatement)],
    ) -> Arc<dyn JobStore> {
        self
    }

    async fn exchange(
        &self,
        server: &ServerId,
        acknowledgements: Vec<Acknowledgement>,
        queues: &[QueueName],
        limit: usize,
    ) -> Result<Exchange, StoreError> {
        if !self.one_by_one {
            return self.counted(server, acknowledgements, queues, limit).await;
        }
        let mut whole = Exchange::default();
        for acknowledgement in acknowledgements {
            whole.acknowledged.append(
                &mut self.counted(server, vec![acknowledgement], queues, 0).await?.acknowledged,
            );
        }
        for _ in 0..limit {
            let mut one = self.counted(server, Vec::new(), queues, 1).await?;
            whole.next_due_in = one.next_due_in;
            if one.jobs.is_empty() {
                break;
            }
            whole.jobs.append(&mut one.jobs);
        }
        Ok(whole)
    }

    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<JobId>, StoreError> {
        self.inner.enqueue(jobs).await
    }

    async fn register(&self, server: &ServerInfo) -> Result<(), StoreError> {
        self.inner.register(server).await
    }

    async fn heartbeat(&self, server: &ServerId) -> Result<bool, StoreError> {
        self.inner.heartbeat(server).await
    }

    async fn held(&self, server: &ServerId) -> Result<Vec<Lease>, StoreError> {
        self.inner.held(server).await
    }

    async fn recover(&self, lease: Duration) -> Result<u64, StoreError> {
        self.inner.recover(lease).await
    }

    async fn unregister(&self, server: &ServerId) -> Result<(), StoreError> {
        self.inner.unregister(server).await
    }

    async fn servers(&self) -> Result<Vec<ServerRecord>, StoreError> {
        self.inner.servers().await
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError> {
        self.inner.depths().await
    }

    async fn find(&self, job: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.inner.find(job).await
    }

    async fn failed(&self, limit: usize) -> Result<Vec<JobRecord>, StoreError> {
        self.inner.failed(limit).await
    }

    async fn requeue(&self, job: JobId) -> Result<bool, StoreError> {
        self.inner.requeue(job).await
    }

    async fn prune(&self, keep: Duration, limit: usize) -> Result<u64, StoreError> {
        self.inner.prune(keep, limit).await
    }
}
