//! From checkout to toast: how long after `POST /api/orders` was sent the tab on the *other* pod
//! hears `OrderCompleted`, and each hop on the way. Two web pods, two workers, one Redis, one SQLite
//! file, no configured processing time; the load generator shares the cores.
//!
//! Prints a table per kind of figure: the whole way beside one durable commit on the same disk, the
//! hops, commits per order, and what twice the rate that can be held does.
//! `cargo bench --bench order_to_notification -- [seconds per rate]`

#[path = "../tests/it/support/redis_server.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod redis_server;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use redis_server::{RedisServer, free_port};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

const USERS: usize = 20;
const RATES_PER_SECOND: [u64; 3] = [1, 50, 200];
/// Callers that find out what rate can be held.
const CALLERS: usize = 32;
const LIMIT: Duration = Duration::from_secs(30);

struct Pod {
    child: Child,
    http: u16,
    ops: u16,
}

impl Drop for Pod {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// When things happened to one order; a tab may hear of it before the answer is there.
#[derive(Default, Clone, Copy)]
struct Way {
    sent: Option<Instant>,
    answered: Option<Instant>,
    /// Heard of versions 1, 2 and 3.
    heard: [Option<Instant>; 3],
}

type Ways = Arc<Mutex<HashMap<String, Way>>>;

/// The shop under load, and its customers.
struct Shop {
    pods: Vec<Pod>,
    tokens: Vec<String>,
    client: reqwest::Client,
    ways: Ways,
    redis: RedisServer,
    folder: tempfile::TempDir,
}

#[tokio::main]
async fn main() {
    // Cargo passes `--bench`; the first number, if any, is ours.
    let seconds =
        std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(10);
    let shop = Shop::open().await;
    shop.at_rate(20, 2).await;

    println!("2 web pods, 2 workers, Redis, SQLite; {seconds} s per rate; milliseconds");
    println!(
        "| orders/s | sent | p50 | p99 | max | durable commit p50 | p99 | idle PING p50 | p50 / PING | p50 / GET |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut hops = Vec::new();
    for rate in RATES_PER_SECOND {
        let commit = durable_commits(shop.folder.path());
        let ping = idle_pings(shop.redis.port);
        let before = shop.commits().await;
        let gets = shop.at_rate(rate, seconds).await;
        let commits = shop.commits().await - before;
        let ways = shop.heard_all().await;
        let whole = sorted(ways.iter().map(|way| between(way.sent, way.heard[2])));
        println!(
            "| {rate} | {} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} | {:.2} | {:.1} | {:.1} |",
            ways.len(),
            at(&whole, 50.0),
            at(&whole, 99.0),
            at(&whole, 100.0),
            at(&commit, 50.0),
            at(&commit, 99.0),
            at(&ping, 50.0),
            at(&whole, 50.0) / at(&ping, 50.0),
            at(&whole, 50.0) / at(&gets, 50.0),
        );
        hops.push((rate, ways, commits));
    }

    println!("\n| orders/s | hop | p50 | p99 |\n|---|---|---|---|");
    for (rate, ways, _) in &hops {
        let hop =
            |name: &str, from: fn(&Way) -> Option<Instant>, to: fn(&Way) -> Option<Instant>| {
                let waits = sorted(ways.iter().map(|way| between(from(way), to(way))));
                println!("| {rate} | {name} | {:.1} | {:.1} |", at(&waits, 50.0), at(&waits, 99.0));
            };
        hop("POST sent to 201: the order is committed", |way| way.sent, |way| way.answered);
        hop("POST sent to Accepted heard", |way| way.sent, |way| way.heard[0]);
        hop(
            "Accepted to Processing heard: the job is claimed",
            |way| way.heard[0],
            |way| way.heard[1],
        );
        hop("Processing to Completed heard", |way| way.heard[1], |way| way.heard[2]);
    }

    println!("\n| orders/s | commits per order, all processes |\n|---|---|");
    for (rate, ways, commits) in &hops {
        println!("| {rate} | {:.1} |", commits / ways.len() as f64);
    }
    shop.twice_what_can_be_held().await;
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("temp dir");
        let redis = RedisServer::start();
        let pods: Vec<_> = ["web", "web", "worker", "worker"]
            .map(|role| pod(role, folder.path(), redis.port))
            .into();
        let client = reqwest::Client::new();
        for pod in &pods {
            let url = format!("http://127.0.0.1:{}/health/ready", pod.ops);
            until("a pod to be ready", async || {
                let answer = client.get(&url).send().await.ok()?;
                answer.status().is_success().then_some(())
            })
            .await;
        }
        let mut shop =
            Self { pods, tokens: Vec::new(), client, ways: Ways::default(), redis, folder };
        for user in 0..USERS {
            let url = format!("http://127.0.0.1:{}/dev/token", shop.pods[0].http);
            let body = json!({ "userId": format!("user-{user}") });
            let answer = shop.client.post(url).json(&body).send().await.expect("a token");
            let answer: Value = answer.json().await.expect("JSON");
            let token = answer["token"].as_str().expect("a token").to_owned();
            // The tab is on the pod that does not take the user's orders.
            listen(shop.pods[(user + 1) % 2].http, &token, shop.ways.clone()).await;
            shop.tokens.push(token);
        }
        shop
    }

    /// Posts order number `n`; whether it was accepted.
    fn order(&self, n: usize) -> impl Future<Output = bool> + Send + 'static {
        let user = n % USERS;
        let url = format!("http://127.0.0.1:{}/api/orders", self.pods[user % 2].http);
        let request = self.client.post(url).bearer_auth(&self.tokens[user]);
        let ways = self.ways.clone();
        async move {
            let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
            let sent = Instant::now();
            let answer = request.json(&body).send().await.expect("an answer");
            let answered = Instant::now();
            if answer.status() == 503 {
                return false;
            }
            assert_eq!(answer.status(), 201);
            let answer: Value = answer.json().await.expect("JSON");
            let cid = answer["correlationId"].as_str().expect("an id").to_owned();
            let mut ways = ways.lock().expect("not poisoned");
            let way = ways.entry(cid).or_default();
            (way.sent, way.answered) = (Some(sent), Some(answered));
            true
        }
    }

    /// Orders at `rate` for `seconds`, with a plain GET after each; the GETs' milliseconds, sorted.
    async fn at_rate(&self, rate: u64, seconds: u64) -> Vec<f64> {
        self.ways.lock().expect("not poisoned").clear();
        let total = usize::try_from(rate * seconds).expect("a small number");
        let mut ticks = tokio::time::interval(Duration::from_secs(1).div_f64(rate as f64));
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..total {
            ticks.tick().await;
            let order = self.order(n);
            let get = format!("http://127.0.0.1:{}/api/products/AZ-700", self.pods[n % 2].http);
            let get = self.client.get(get);
            tasks.spawn(async move {
                assert!(order.await, "no order is refused at this rate");
                let start = Instant::now();
                get.send().await.expect("an answer").bytes().await.expect("a body");
                start.elapsed().as_secs_f64() * 1000.0
            });
        }
        let gets = tasks.join_all().await;
        self.heard_all().await;
        sorted(gets.into_iter())
    }

    /// The ways of all accepted orders, once their tabs heard of the end.
    async fn heard_all(&self) -> Vec<Way> {
        until("every order to be heard of", async || {
            let ways = self.ways.lock().expect("not poisoned");
            let all = ways.values().all(|way| way.heard[2].is_some());
            all.then(|| ways.values().copied().collect())
        })
        .await
    }

    /// Commits of all processes so far.
    async fn commits(&self) -> f64 {
        let mut commits = 0.0;
        for pod in &self.pods {
            let url = format!("http://127.0.0.1:{}/metrics", pod.ops);
            let text = self.client.get(url).send().await.expect("metrics").text().await;
            commits += text
                .expect("text")
                .lines()
                .filter(|line| line.starts_with("contoso_sqlite_commit_seconds_count"))
                .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                .sum::<f64>();
        }
        commits
    }

    /// Finds the rate that can be held, then asks for twice as much.
    async fn twice_what_can_be_held(&self) {
        const SPAN: Duration = Duration::from_secs(5);
        self.ways.lock().expect("not poisoned").clear();
        let start = Instant::now();
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..CALLERS {
            let orders: Vec<_> = (0..2_000).map(|n| self.order(caller + n * CALLERS)).collect();
            callers.spawn(async move {
                let mut accepted = 0_u64;
                for order in orders {
                    if start.elapsed() > SPAN {
                        break;
                    }
                    accepted += u64::from(order.await);
                }
                accepted
            });
        }
        callers.join_all().await;
        let moved = self.heard_all().await.len() as f64;
        // Held is what is also processed and told, not only accepted.
        let held = moved / start.elapsed().as_secs_f64();

        self.ways.lock().expect("not poisoned").clear();
        let total = (2.0 * held * SPAN.as_secs_f64()) as usize;
        let mut ticks = tokio::time::interval(Duration::from_secs(1).div_f64(2.0 * held));
        let start = Instant::now();
        let mut posts = tokio::task::JoinSet::new();
        for n in 0..total {
            ticks.tick().await;
            posts.spawn(self.order(n));
        }
        let told = |ways: &HashMap<String, Way>| {
            ways.values().filter(|way| way.heard[2].is_some()).count()
        };
        let meanwhile = told(&self.ways.lock().expect("not poisoned"));
        let accepted = posts.join_all().await.into_iter().filter(|accepted| *accepted).count();
        let ways = self.heard_all().await;
        let (all_after, whole) = (
            start.elapsed().as_secs_f64(),
            sorted(ways.iter().map(|way| between(way.sent, way.heard[2]))),
        );
        let checkout = sorted(ways.iter().map(|way| between(way.sent, way.answered)));
        println!("\ntwice what can be held, for {} s:", SPAN.as_secs());
        println!(
            "held {held:.0}/s; sent {total}, accepted {accepted}, 503 {}; completed meanwhile {meanwhile}; all completed and told {:.1} s after the last was sent",
            total - accepted,
            all_after - SPAN.as_secs_f64(),
        );
        println!(
            "checkout p50 {:.0} ms, p99 {:.0} ms; to OrderCompleted p50 {:.0} ms, p99 {:.0} ms",
            at(&checkout, 50.0),
            at(&checkout, 99.0),
            at(&whole, 50.0),
            at(&whole, 99.0)
        );
    }
}

fn pod(role: &str, folder: &Path, redis: u16) -> Pod {
    let (http, ops) = (free_port(), free_port());
    let child = Command::new(env!("CARGO_BIN_EXE_contoso-shop"))
        .current_dir(folder)
        .env("ROLE", role)
        .env("ConnectionStrings__Contoso", format!("sqlite:{}", folder.join("shop.db").display()))
        .env("ConnectionStrings__Redis", format!("127.0.0.1:{redis}"))
        .env("Http__Listen", format!("127.0.0.1:{http}"))
        .env("Ops__Listen", format!("127.0.0.1:{ops}"))
        .env("Jwt__Mode", "development")
        .env("Jwt__SigningKey", "a signing key for benchmarks, 32 bytes or more")
        .env("Drain__File", folder.join(format!("draining-{http}")))
        .env("RateLimits__Enabled", "false")
        .env("Log__Level", "warn")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    Pod { child, http, ops }
}

async fn listen(port: u16, token: &str, ways: Ways) {
    let url = format!("ws://127.0.0.1:{port}/hubs/order-status?access_token={token}");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("a tab");
    let handshake = Message::text("{\"protocol\":\"json\",\"version\":1}\u{1e}");
    socket.send(handshake).await.expect("a handshake");
    tokio::spawn(async move {
        let mut pings = tokio::time::interval(Duration::from_secs(10));
        loop {
            let message = tokio::select! {
                Some(Ok(message)) = socket.next() => message,
                _ = pings.tick() => {
                    let ping = Message::text("{\"type\":6}\u{1e}");
                    socket.send(ping).await.expect("the socket stands");
                    continue;
                }
                else => return,
            };
            let now = Instant::now();
            let Message::Text(text) = message else { continue };
            let records = text.as_str().split('\u{1e}');
            for record in records.filter(|record| record.contains("\"Notification\"")) {
                let record: Value = serde_json::from_str(record).expect("JSON");
                let event = &record["arguments"][0];
                let cid = event["correlationId"].as_str().expect("an id").to_owned();
                let version = event["version"].as_u64().expect("a version") as usize;
                let mut ways = ways.lock().expect("not poisoned");
                ways.entry(cid).or_default().heard[version - 1] = Some(now);
            }
        }
    });
}

/// Milliseconds of one small commit each on the disk of the shop, sorted.
fn durable_commits(folder: &Path) -> Vec<f64> {
    let database = Connection::open(folder.join("baseline.db")).expect("open");
    database
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS T (X);",
        )
        .expect("a table");
    let commits = (0..500).map(|_| {
        let start = Instant::now();
        database.execute("INSERT INTO T VALUES (1)", []).expect("a commit");
        start.elapsed().as_secs_f64() * 1000.0
    });
    sorted(commits)
}

/// Milliseconds of a PING each after a pause, sorted: what waking two idle processes costs on this
/// machine. Every hop of an order does that.
fn idle_pings(redis: u16) -> Vec<f64> {
    let mut socket = TcpStream::connect(("127.0.0.1", redis)).expect("Redis");
    socket.set_nodelay(true).expect("no delay");
    let pings = (0..50).map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let start = Instant::now();
        socket.write_all(b"PING\r\n").expect("sent");
        socket.read_exact(&mut [0; 7]).expect("PONG");
        start.elapsed().as_secs_f64() * 1000.0
    });
    sorted(pings)
}

async fn until<T>(what: &str, mut state: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = state().await {
            return value;
        }
        assert!(start.elapsed() < LIMIT, "waited {LIMIT:?} for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Milliseconds from one instant to another; below zero when the tab was quicker.
fn between(from: Option<Instant>, to: Option<Instant>) -> f64 {
    let (Some(from), Some(to)) = (from, to) else { return f64::NAN };
    let ms = |span: Duration| span.as_secs_f64() * 1000.0;
    if to >= from { ms(to - from) } else { -ms(from - to) }
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

fn at(sorted: &[f64], percentile: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((last * percentile / 100.0).round() as usize).copied().unwrap_or(f64::NAN)
}
