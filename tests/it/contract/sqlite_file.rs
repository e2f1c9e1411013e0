//! What only a store in one file must do.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contoso_shop::adapters::GuardSettings;
use contoso_shop::adapters::sqlite::{OpenError, SqliteOptions, SqliteStore};
use contoso_shop::domain::{OrderId, Page, UserId};
use contoso_shop::ports::{
    Acknowledged, Acknowledgement, Health, OrderFilter, Outcome, Placed, SchemaState, Stores,
    SystemClock,
};
use contoso_shop::resilience::BreakerSettings;

use super::backends::{course, job, order, queue, server};
use crate::support::wait;

fn open(path: &Path) -> Stores {
    open_with(SqliteOptions::new(path))
}

fn open_with(options: SqliteOptions) -> Stores {
    SqliteStore::open(options, Arc::new(SystemClock)).expect("open").stores()
}

fn refused(path: &Path) -> OpenError {
    SqliteStore::open(SqliteOptions::new(path), Arc::new(SystemClock))
        .err()
        .expect("must be refused")
}

#[tokio::test]
async fn a_new_file_is_made_with_its_folder_and_needs_migrating() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("not/yet/there/shop.db");
    let stores = open(&path);
    assert!(matches!(
        stores.schema.state().await.expect("state"),
        SchemaState::Behind { version: 0, .. }
    ));
    assert!(!stores.schema.migrate().await.expect("migrate").is_empty());
    assert!(matches!(stores.schema.state().await.expect("state"), SchemaState::Current { .. }));
    let health = stores.health.check(Duration::from_secs(5)).await;
    assert_eq!(health.data["journalMode"], "wal");
    assert!(health.data["fileBytes"].as_u64().expect("size") > 0);
}

#[tokio::test]
async fn orders_outlive_the_store() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("shop.db");
    let stores = open(&path);
    stores.schema.migrate().await.expect("migrate");
    let placed = stores.orders.place(order("ada", &[(&course(), 1)])).await.expect("place");
    drop(stores);
    let Placed::Created(placed, _) = placed else { panic!("{placed:?}") };
    let found = open(&path).orders.find(&placed.user, placed.id).await.expect("find");
    assert_eq!(found, Some(placed));
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("letter.txt");
    let letter = "Dear customer, ".repeat(1000);
    fs::write(&path, &letter).expect("write");
    let error = refused(&path);
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
    assert!(error.to_string().contains("letter.txt"), "{error}");
    assert_eq!(fs::read_to_string(&path).expect("read"), letter);
}

#[tokio::test]
async fn a_torn_database_is_refused() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("shop.db");
    let stores = open(&path);
    stores.schema.migrate().await.expect("migrate");
    drop(stores);
    let whole =
        wait::until("the log to be merged into the file", Duration::from_secs(10), async || {
            (!folder.path().join("shop.db-wal").exists()).then(|| fs::read(&path).expect("read"))
        })
        .await;
    fs::write(&path, &whole[..5000]).expect("write");
    let error = refused(&path);
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
}

#[tokio::test]
async fn a_torn_end_of_the_log_costs_no_committed_order() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("shop.db");
    let stores = open(&path);
    stores.schema.migrate().await.expect("migrate");
    let Placed::Created(placed, _) =
        stores.orders.place(order("ada", &[(&course(), 1)])).await.expect("place")
    else {
        panic!("not placed")
    };
    // As after a power cut in the middle of the next commit: a log with half a frame at its end.
    let (copy, log) = (folder.path().join("copy.db"), folder.path().join("copy.db-wal"));
    fs::copy(&path, &copy).expect("copy");
    let mut torn = fs::read(folder.path().join("shop.db-wal")).expect("log");
    torn.extend_from_slice(&[0x5a; 2000]);
    fs::write(&log, torn).expect("write");
    let copied = open(&copy);
    assert_eq!(copied.orders.find(&placed.user, placed.id).await.expect("find"), Some(placed));
    copied.orders.place(order("ada", &[(&course(), 1)])).await.expect("place");
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().expect("temp dir");
    fs::write(folder.path().join("file"), "x").expect("write");
    let error = refused(&folder.path().join("file/shop.db"));
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::Other { .. }), "a folder is no file: {error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_open_and_migrate_one_new_file_at_once() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("shop.db");
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let path = path.clone();
        starts.spawn(async move {
            let stores = tokio::task::spawn_blocking(move || open(&path)).await.expect("open");
            let applied = stores.schema.migrate().await.expect("migrate");
            (stores, applied)
        });
    }
    let started = starts.join_all().await;
    let busy: Vec<_> = started.iter().filter(|(_, applied)| !applied.is_empty()).collect();
    assert_eq!(busy.len(), 1, "one of them migrates");
    for (stores, _) in &started {
        assert!(matches!(stores.schema.state().await.expect("state"), SchemaState::Current { .. }));
        let skus: HashSet<_> = stores
            .products
            .list(Page { offset: 0, size: 100 })
            .await
            .expect("list")
            .items
            .into_iter()
            .map(|product| product.external_product_id)
            .collect();
        assert!(skus.contains(&course()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_file_race_without_loss() {
    const ORDERS: usize = 150;
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("shop.db");
    let web = open(&path);
    web.schema.migrate().await.expect("migrate");
    let worker = open(&path);
    let mut placing = tokio::task::JoinSet::new();
    for task in 0..4 {
        let orders = if task % 2 == 0 { web.orders.clone() } else { worker.orders.clone() };
        placing.spawn(async move {
            for _ in 0..ORDERS {
                let placed = orders.place(order("ada", &[(&course(), 1)])).await.expect("place");
                assert!(matches!(placed, Placed::Created(..)));
            }
        });
    }
    let all_placed = Arc::new(AtomicBool::new(false));
    let mut working = tokio::task::JoinSet::new();
    for stores in [&web, &worker] {
        let (jobs, info, all_placed) =
            (stores.jobs.clone(), server("box", &["default"]), all_placed.clone());
        jobs.register(&info).await.expect("register");
        working.spawn(async move {
            let (mut mine, mut ends) = (Vec::new(), Vec::new());
            loop {
                // Asked first: what is placed before the flag is set is there for the exchange that
                // follows.
                let no_more = all_placed.load(Ordering::Acquire);
                let answer = jobs
                    .exchange(&info.id, std::mem::take(&mut ends), &[queue("default")], 10)
                    .await
                    .expect("exchange");
                assert!(answer.acknowledged.iter().all(|end| *end == Acknowledged::Applied));
                let finished = no_more && jobs.depths().await.expect("depths").is_empty();
                if answer.jobs.is_empty() && finished {
                    return mine;
                }
                for job in answer.jobs {
                    mine.push(job.lease.job);
                    ends.push(Acknowledgement { lease: job.lease, outcome: Outcome::Succeeded });
                }
            }
        });
    }
    placing.join_all().await;
    all_placed.store(true, Ordering::Release);
    let done: Vec<_> = working.join_all().await.into_iter().flatten().collect();
    assert_eq!(
        (done.len(), done.iter().collect::<HashSet<_>>().len()),
        (4 * ORDERS, 4 * ORDERS),
        "each job ran once"
    );
    let page = Page { offset: 0, size: 1 };
    let total = web
        .orders
        .list(&UserId::new("ada"), &OrderFilter::default(), page)
        .await
        .expect("list")
        .total;
    assert_eq!(total, 4 * ORDERS as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_turned_away_while_another_process_holds_the_file() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("shop.db");
    // A breaker that stays closed, since this is about the deadline.
    let breaker = BreakerSettings { min_failures: 1_000, ..GuardSettings::SQL.breaker };
    let guard = GuardSettings { deadline: Duration::from_millis(300), breaker };
    let stores = open_with(SqliteOptions { queue_capacity: 4, guard, ..SqliteOptions::new(&path) });
    stores.schema.migrate().await.expect("migrate");
    let other = rusqlite::Connection::open(&path).expect("open");
    other.execute_batch("BEGIN IMMEDIATE").expect("lock");

    let start = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let orders = stores.orders.clone();
        calls.spawn(async move { orders.place(order("ada", &[(&course(), 1)])).await });
    }
    for placed in calls.join_all().await {
        assert!(placed.expect_err("locked").is_transient());
    }
    assert!(start.elapsed() < Duration::from_secs(3), "nobody waits much longer than the deadline");
    let page = Page { offset: 0, size: 1 };
    let list = stores.orders.list(&UserId::new("ada"), &OrderFilter::default(), page).await;
    assert_eq!(list.expect("readers do not mind").total, 0);
    assert_ne!(stores.health.check(Duration::from_secs(5)).await.status, Health::Unhealthy);

    other.execute_batch("ROLLBACK").expect("unlock");
    wait::until("the writer to come back", Duration::from_secs(10), async || {
        stores.orders.place(order("bob", &[(&course(), 1)])).await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_failing_command_does_not_undo_its_neighbours() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("shop.db");
    let stores = open(&path);
    stores.schema.migrate().await.expect("migrate");
    let other = rusqlite::Connection::open(&path).expect("open");
    other.execute_batch("BEGIN IMMEDIATE").expect("lock");
    let twice = order("ada", &[(&course(), 1)]);
    // Every third has the correlation id of the others of its kind, which only one may have.
    let calls = (0..30).map(|n| {
        let new = if n % 3 == 0 { twice.clone() } else { order("ada", &[(&course(), 1)]) };
        let orders = stores.orders.clone();
        async move { orders.place(new).await }
    });
    // The first poll queues every command behind the writer's wait for the lock, so that they share
    // transactions.
    let mut calls = std::pin::pin!(futures_util::future::join_all(calls));
    assert!(futures_util::poll!(calls.as_mut()).is_pending());
    other.execute_batch("ROLLBACK").expect("unlock");
    let results = calls.await;
    let refused =
        results.iter().filter(|placed| placed.as_ref().is_err_and(|e| !e.is_transient())).count();
    let created = results.iter().filter(|placed| matches!(placed, Ok(Placed::Created(..)))).count();
    assert_eq!((created, refused), (21, 9));
    let page = Page { offset: 0, size: 100 };
    let listed =
        stores.orders.list(&UserId::new("ada"), &OrderFilter::default(), page).await.expect("list");
    assert_eq!((listed.total, listed.items.len()), (21, 21));
    assert_eq!(
        stores.jobs.depths().await.expect("depths")[0].ready,
        21,
        "a refused order leaves no job"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_pool_of_readers_turns_callers_away() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("shop.db");
    let stores = open_with(SqliteOptions {
        readers: 0,
        guard: GuardSettings { deadline: Duration::from_millis(50), ..GuardSettings::SQL },
        ..SqliteOptions::new(&path)
    });
    let found = stores.orders.find(&UserId::new("ada"), OrderId(1)).await;
    assert!(found.expect_err("no reader").is_transient());
}

#[tokio::test]
async fn an_idle_job_server_writes_nothing() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("shop.db");
    let stores = open(&path);
    stores.schema.migrate().await.expect("migrate");
    let info = server("box", &["a"]);
    stores.jobs.register(&info).await.expect("register");
    stores
        .jobs
        .enqueue(vec![contoso_shop::ports::NewJob { delay: Duration::from_secs(60), ..job("a") }])
        .await
        .expect("enqueue");
    let log = || fs::metadata(folder.path().join("shop.db-wal")).expect("log").len();
    let before = log();
    for _ in 0..20 {
        stores.jobs.exchange(&info.id, vec![], &[queue("a")], 10).await.expect("exchange");
        stores.jobs.recover(Duration::from_secs(60)).await.expect("recover");
        stores.outbox.claim(10, Duration::from_secs(1)).await.expect("claim");
    }
    assert_eq!(log(), before);
}
