//! How fast the SQLite store takes orders and turns jobs over. Prints a table; every figure stands
//! beside a baseline of the same run on the same disk. `cargo bench --bench sqlite_store`

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contoso_shop::adapters::sqlite::{SqliteOptions, SqliteStore};
use contoso_shop::domain::{
    CorrelationId, EventId, OrderCursor, OrderDraft, Page, QueueName, ServerId, Sku, Transition,
    UserId,
};
use contoso_shop::ports::{
    Acknowledgement, AdvanceOrder, Advanced, IdempotencyKey, NewJob, NewOrder, OrderFilter,
    Outcome, Placed, ServerInfo, Stores, SystemClock,
};
use tokio::sync::Mutex;

/// How long each case is driven.
const SPAN: Duration = Duration::from_secs(4);
const CALLERS: usize = 64;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    println!(
        "{:<52} {:>10} {:>8} {:>8} {:>8} {:>7}",
        "case", "per second", "p50 ms", "p99 ms", "cpu µs", "ratio"
    );
    runtime.block_on(async {
        let base =
            row("orders: 64 callers, one transaction each", placements(CALLERS, true).await, None);
        row("orders: 64 callers, group commit", placements(CALLERS, false).await, Some(base));
        let base = row("order life (place, process, complete): 1 caller", lives(1).await, None);
        row("order life (place, process, complete): 64 callers", lives(CALLERS).await, Some(base));
        let base = row("jobs: enqueue and exchange one by one", jobs(1, 1).await, None);
        row("jobs: enqueue and exchange in batches of 64", jobs(64, 1).await, Some(base));
        row("jobs: batches of 64, 2 producers and 2 servers", jobs(64, 2).await, Some(base));
        let base = row("status read by correlation id: 1 caller", reads(1).await, None);
        row("status read by correlation id: 64 callers", reads(CALLERS).await, Some(base));
        let base = row("newest 10 by cursor, of a user's 10 orders", lists(10, true).await, None);
        row("newest 10 by cursor, of 100,000", lists(100_000, true).await, Some(base));
        row("newest 10 by page with their total, of 10", lists(10, false).await, Some(base));
        row(
            "newest 10 by page with their total, of 100,000",
            lists(100_000, false).await,
            Some(base),
        );
        let base =
            row("order placed while another process writes too", two_processes().await, None);
        row("order of a quiet process beside a flooded one", quiet_process().await, Some(base));
    });
}

/// Operations done in a span, and how long each took.
struct Figures {
    done: usize,
    took: Duration,
    /// Processor time of the whole process, load generator included: steadier than the rate on a
    /// shared machine.
    cpu: Duration,
    latencies: Vec<Duration>,
}

/// Collects what the tasks of a case did.
struct Watch {
    start: Instant,
    cpu: Duration,
}

impl Watch {
    fn start() -> Self {
        Self { start: Instant::now(), cpu: cpu_time() }
    }

    fn is_running(&self) -> bool {
        self.start.elapsed() < SPAN
    }

    fn stop(&self, ends: Vec<(usize, Vec<Duration>)>) -> Figures {
        let (took, cpu) = (self.start.elapsed(), cpu_time() - self.cpu);
        let done = ends.iter().map(|end| end.0).sum();
        Figures { done, took, cpu, latencies: ends.into_iter().flat_map(|end| end.1).collect() }
    }
}

fn cpu_time() -> Duration {
    let usage =
        nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).expect("rusage");
    let seconds =
        |t: nix::sys::time::TimeVal| Duration::new(t.tv_sec() as u64, t.tv_usec() as u32 * 1000);
    seconds(usage.user_time()) + seconds(usage.system_time())
}

fn row(case: &str, mut figures: Figures, base: Option<f64>) -> f64 {
    let rate = figures.done as f64 / figures.took.as_secs_f64();
    figures.latencies.sort_unstable();
    let at = |share: f64| {
        let index = (figures.latencies.len() as f64 * share) as usize;
        figures.latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    };
    let ratio = base.map_or("1".to_owned(), |base| format!("{:.1}", rate / base));
    let cpu = figures.cpu.as_secs_f64() * 1e6 / figures.done as f64;
    println!("{case:<52} {rate:>10.0} {:>8.2} {:>8.2} {cpu:>8.1} {ratio:>7}", at(0.5), at(0.99));
    rate
}

struct Shop {
    stores: Stores,
    folder: tempfile::TempDir,
}

async fn shop() -> Shop {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("temp dir");
    let stores = open(&folder);
    stores.schema.migrate().await.expect("migrate");
    // A limited product, so that taking stock is measured, which lasts for every case.
    let keyboard = Sku::parse("KB-100").expect("a sku");
    assert!(stores.products.set_stock(&keyboard, Some(2_000_000_000)).await.expect("stock"));
    Shop { stores, folder }
}

fn open(folder: &tempfile::TempDir) -> Stores {
    let options = SqliteOptions::new(folder.path().join("shop.db"));
    SqliteStore::open(options, Arc::new(SystemClock)).expect("open").stores()
}

/// Runs `operation` in a loop in every one of `callers` tasks; it returns how much it did.
async fn drive<F>(callers: usize, operation: impl Fn(usize) -> F + Send + Sync + 'static) -> Figures
where
    F: Future<Output = usize> + Send + 'static,
{
    let operation = Arc::new(operation);
    let watch = Arc::new(Watch::start());
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let (operation, watch) = (operation.clone(), watch.clone());
        tasks.spawn(async move {
            let (mut done, mut latencies) = (0, Vec::new());
            while watch.is_running() {
                let before = Instant::now();
                done += operation(caller).await;
                latencies.push(before.elapsed());
            }
            (done, latencies)
        });
    }
    watch.stop(tasks.join_all().await)
}

fn order(caller: usize) -> NewOrder {
    let correlation_id = CorrelationId::generate();
    let key = correlation_id.to_string();
    NewOrder {
        correlation_id,
        user: UserId::new(format!("user-{caller}")),
        draft: OrderDraft::parse([("AZ-700", 2), ("KB-100", 1)]).expect("draft"),
        idempotency: Some(IdempotencyKey { key, fingerprint: [7; 32] }),
        event_id: EventId::generate(),
        job: job(),
    }
}

fn job() -> NewJob {
    NewJob {
        queue: QueueName::default_queue(),
        kind: "order.accepted".to_owned(),
        args: r#"{"correlationId":"0199f7a0-0000-7000-8000-000000000000"}"#.to_owned(),
        delay: Duration::ZERO,
        max_attempts: 5,
        unique_key: None,
        trace_parent: None,
    }
}

async fn placements(callers: usize, one_by_one: bool) -> Figures {
    let shop = shop().await;
    let (orders, turn) = (shop.stores.orders.clone(), Arc::new(Mutex::new(())));
    drive(callers, move |caller| {
        let (orders, turn) = (orders.clone(), turn.clone());
        async move {
            let _turn = if one_by_one { Some(turn.lock().await) } else { None };
            assert!(matches!(
                orders.place(order(caller)).await.expect("place"),
                Placed::Created(..)
            ));
            1
        }
    })
    .await
}

async fn lives(callers: usize) -> Figures {
    let shop = shop().await;
    let orders = shop.stores.orders.clone();
    drive(callers, move |caller| {
        let orders = orders.clone();
        async move {
            // Of what cannot run out.
            let new = NewOrder {
                draft: OrderDraft::parse([("AZ-700", 2)]).expect("draft"),
                ..order(caller)
            };
            let correlation_id = new.correlation_id;
            orders.place(new).await.expect("place");
            for transition in [Transition::processing_started(), Transition::completed()] {
                let event_id = EventId::generate();
                let step = AdvanceOrder {
                    correlation_id,
                    transition,
                    reason: None,
                    lease: None,
                    failed_job: None,
                    event_id,
                    trace_parent: None,
                };
                assert!(matches!(
                    orders.advance(step).await.expect("advance"),
                    Advanced::Applied(..)
                ));
            }
            1
        }
    })
    .await
}

/// Full cycles: enqueued, leased, acknowledged.
async fn jobs(batch: usize, pairs: usize) -> Figures {
    let shop = shop().await;
    let watch = Arc::new(Watch::start());
    let mut servers = tokio::task::JoinSet::new();
    for pair in 0..pairs {
        let (producer, server) = (shop.stores.jobs.clone(), shop.stores.jobs.clone());
        let (filled, mut queue) = tokio::sync::mpsc::channel::<()>(4);
        let watch = watch.clone();
        tokio::spawn(async move {
            while watch.is_running() {
                producer.enqueue(vec![job(); batch]).await.expect("enqueue");
                if filled.send(()).await.is_err() {
                    return;
                }
            }
        });
        servers.spawn(async move {
            let id = ServerId::new(format!("bench:1:{pair}"));
            let queues = vec![QueueName::default_queue()];
            server
                .register(&ServerInfo { id: id.clone(), worker_count: 64, queues: queues.clone() })
                .await
                .expect("register");
            let (mut done, mut latencies, mut ends) = (0, Vec::new(), Vec::new());
            while queue.recv().await.is_some() {
                let before = Instant::now();
                let answer = server
                    .exchange(&id, std::mem::take(&mut ends), &queues, batch)
                    .await
                    .expect("exchange");
                latencies.push(before.elapsed());
                done += answer.acknowledged.len();
                let succeeded = |lease| Acknowledgement { lease, outcome: Outcome::Succeeded };
                ends = answer.jobs.into_iter().map(|job| succeeded(job.lease)).collect();
            }
            (done, latencies)
        });
    }
    watch.stop(servers.join_all().await)
}

async fn reads(callers: usize) -> Figures {
    let shop = shop().await;
    let new = order(0);
    let id = new.correlation_id;
    shop.stores.orders.place(new).await.expect("place");
    let orders = shop.stores.orders.clone();
    drive(callers, move |_| {
        let orders = orders.clone();
        async move { usize::from(orders.snapshot(id).await.expect("snapshot").is_some()) }
    })
    .await
}

/// The first part of a list of `count` orders, by cursor or by page.
async fn lists(count: u32, by_cursor: bool) -> Figures {
    let shop = shop().await;
    let new = order(0);
    let user = new.user.clone();
    shop.stores.orders.place(new).await.expect("place");
    let copies = r#"
        WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        INSERT INTO "Order" (CorrelationId, CustomerId, Status, TotalCents, CreatedAt, UpdatedAt)
        SELECT randomblob(16), o.CustomerId, o.Status, o.TotalCents, o.CreatedAt + i, o.UpdatedAt + i
        FROM "Order" o, n"#;
    let file = rusqlite::Connection::open(shop.folder.path().join("shop.db")).expect("open");
    file.execute(copies, [count]).expect("copies");
    drive(1, move |_| {
        let (orders, user) = (shop.stores.orders.clone(), user.clone());
        async move {
            let all = OrderFilter::default();
            let found = if by_cursor {
                orders.list_after(&user, &all, OrderCursor::START, 10).await.expect("list")
            } else {
                orders.list(&user, &all, Page { offset: 0, size: 10 }).await.expect("list").items
            };
            usize::from(found.len() == 10)
        }
    })
    .await
}

/// Two stores on one file, as a web pod and a worker have it: 32 callers each.
/// One caller in a process of its own, while another process has as many callers as it can serve.
async fn quiet_process() -> Figures {
    let shop = shop().await;
    let quiet = open(&shop.folder);
    let mut flood = tokio::task::JoinSet::new();
    for caller in 1..=CALLERS {
        let orders = shop.stores.orders.clone();
        flood.spawn(async move {
            loop {
                orders.place(order(caller)).await.expect("place");
            }
        });
    }
    drive(1, move |caller| {
        let orders = quiet.orders.clone();
        async move {
            orders.place(order(caller)).await.expect("place");
            1
        }
    })
    .await
}

async fn two_processes() -> Figures {
    let shop = shop().await;
    let stores = [shop.stores.clone(), open(&shop.folder)];
    drive(CALLERS, move |caller| {
        let orders = stores[caller % 2].orders.clone();
        async move {
            orders.place(order(caller)).await.expect("place");
            1
        }
    })
    .await
}
