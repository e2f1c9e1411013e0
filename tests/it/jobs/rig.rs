//! A store of its own for every test, and job servers on it.

use std::sync::Arc;
use std::time::Duration;

use contoso_shop::adapters::memory::LocalWakeup;
use contoso_shop::adapters::sqlite::{SqliteOptions, SqliteStore};
use contoso_shop::domain::{JobId, JobState, Order, QueueName, ServerId};
use contoso_shop::jobs::engine::{Job, JobRegistry, JobServer, ServerOptions};
use contoso_shop::ports::{JobRecord, JobStore, NewJob, Stores, SystemClock, Wakeup};
use contoso_shop::resilience::Backoff;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::probe::{Act, Payload, Probe};
use crate::support::wait::until;

/// Long enough for anything that happens at all on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A migrated SQLite file, hints, and the record of the probes.
pub struct Rig {
    pub stores: Stores,
    pub wakeup: Arc<LocalWakeup>,
    pub probe: Probe,
    folder: tempfile::TempDir,
}

impl Rig {
    pub async fn new() -> Self {
        Self::with_handover(Duration::ZERO).await
    }

    /// Committed events are left to their process for so long.
    pub async fn with_handover(handover: Duration) -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        let options =
            SqliteOptions { handover, ..SqliteOptions::new(folder.path().join("jobs.db")) };
        let stores = SqliteStore::open(options, Arc::new(SystemClock)).expect("open").stores();
        stores.schema.migrate().await.expect("migrate");
        Self { stores, wakeup: Arc::new(LocalWakeup::default()), probe: Probe::new(), folder }
    }

    /// Changes an order's total, so that its lines no longer add up, or do again.
    pub fn change_total(&self, order: &Order, cents: i64) {
        let database =
            rusqlite::Connection::open(self.folder.path().join("jobs.db")).expect("the database");
        let sql = r#"UPDATE "Order" SET TotalCents = TotalCents + ?2 WHERE Id = ?1"#;
        assert_eq!(database.execute(sql, (order.id.0, cents)).expect("an update"), 1);
    }

    /// What the system of record keeps of an order's moves: word, microseconds, reason.
    pub fn history(&self, order: &Order) -> Vec<(String, i64, Option<String>)> {
        let database =
            rusqlite::Connection::open(self.folder.path().join("jobs.db")).expect("the database");
        let sql = "SELECT Status, At, Reason FROM OrderHistory WHERE OrderId = ?1 ORDER BY Id";
        let mut statement = database.prepare(sql).expect("a statement");
        let rows = statement
            .query_map([order.id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .expect("rows");
        rows.collect::<Result<_, _>>().expect("whole rows")
    }

    /// Starts a server for probes on this store.
    pub fn serve(&self, options: ServerOptions) -> Served {
        self.serve_through(self.stores.jobs.clone(), options)
    }

    /// Starts a server for probes that reaches the store through `store`.
    pub fn serve_through(&self, store: Arc<dyn JobStore>, options: ServerOptions) -> Served {
        self.serve_kinds(store, JobRegistry::new().with(self.probe.clone()), options)
    }

    /// Starts a server for these kinds.
    pub fn serve_kinds(
        &self,
        store: Arc<dyn JobStore>,
        kinds: JobRegistry,
        options: ServerOptions,
    ) -> Served {
        let server = JobServer::new(store, self.wakeup.clone(), kinds, options);
        let (stop, registered) = (CancellationToken::new(), server.registered());
        let task = tokio::spawn(server.run(stop.clone()));
        Served { registered, _ends_with_the_test: stop.clone().drop_guard(), stop, task }
    }

    /// Enqueues probes that all do the same, numbered from 0, and hints.
    pub async fn enqueue(&self, act: Act, count: usize, max_attempts: u32) -> Vec<JobId> {
        let jobs = (0..count).map(|number| NewJob { max_attempts, ..probe(act, number) }).collect();
        let ids = self.stores.jobs.enqueue(jobs).await.expect("enqueue");
        self.wakeup.hint();
        ids
    }

    pub async fn find(&self, job: JobId) -> JobRecord {
        self.stores.jobs.find(job).await.expect("find").expect("a kept job")
    }

    /// Waits until every job is in `state`.
    pub async fn all_are(&self, state: JobState, jobs: &[JobId]) {
        for job in jobs {
            until(&format!("job {job} to be {state:?}"), DEADLINE, || async {
                (self.find(*job).await.state == state).then_some(())
            })
            .await;
        }
    }

    /// Waits until `count` probes run at the same time.
    pub async fn running(&self, count: usize) {
        until(&format!("{count} running probes"), DEADLINE, || async {
            (self.probe.running() == count).then_some(())
        })
        .await;
    }
}

/// A running server; it is told to stop at the end of the test.
pub struct Served {
    pub registered: watch::Receiver<Option<ServerId>>,
    pub stop: CancellationToken,
    task: JoinHandle<()>,
    _ends_with_the_test: DropGuard,
}

impl Served {
    /// The id under which it is announced.
    pub async fn id(&mut self) -> ServerId {
        let id = tokio::time::timeout(DEADLINE, self.registered.wait_for(Option::is_some))
            .await
            .expect("announced in time");
        id.expect("running").clone().expect("announced")
    }

    /// Ends without a goodbye, as kill -9 does.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.expect_err("aborted").is_cancelled());
    }

    /// Stops in an orderly way.
    pub async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, self.task)
            .await
            .expect("stopped in time")
            .expect("no panic");
    }
}

/// Options for tests: short times, little patience.
pub fn options(worker_count: usize) -> ServerOptions {
    ServerOptions {
        worker_count,
        queues: vec![QueueName::orders(), QueueName::default_queue()],
        retry: Backoff::new(Duration::from_millis(20), Duration::from_millis(100)),
        ..ServerOptions::default()
    }
}

/// Options whose servers are declared dead soon.
pub fn short_lease(worker_count: usize) -> ServerOptions {
    ServerOptions {
        lease: Duration::from_millis(600),
        heartbeat: Duration::from_millis(100),
        ..options(worker_count)
    }
}

/// A probe in the default queue with 5 attempts.
pub fn probe(act: Act, number: usize) -> NewJob {
    NewJob {
        queue: QueueName::default_queue(),
        kind: Probe::KIND.to_owned(),
        args: serde_json::to_string(&Payload { act, number }).expect("json"),
        delay: Duration::ZERO,
        max_attempts: 5,
        unique_key: None,
        trace_parent: None,
    }
}
