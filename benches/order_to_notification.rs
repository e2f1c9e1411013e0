//! From checkout to toast: how long after `POST /api/orders` was sent the tab on the *other* pod
//! hears `OrderCompleted`. Two web pods, one worker, one Redis, one SQLite file, no configured
//! processing time; the load generator shares the cores.
//!
//! Prints one row per rate, beside the time of a plain `GET /api/products/AZ-700` at the same rate
//! as the baseline. `cargo bench --bench order_to_notification -- [seconds per rate]`

#[path = "../tests/it/support/redis_server.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod redis_server;

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use redis_server::{RedisServer, free_port};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

const USERS: usize = 20;
const RATES_PER_SECOND: [u64; 3] = [1, 50, 200];

struct Pod(Child, u16);

impl Drop for Pod {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// When each order was sent and when its event came, by correlation id; either may be known first.
#[derive(Default)]
struct Ledger {
    sent: HashMap<String, Instant>,
    heard: HashMap<String, Instant>,
}

#[tokio::main]
async fn main() {
    // Cargo passes `--bench`; the first number, if any, is ours.
    let seconds =
        std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(10);
    let folder = tempfile::tempdir().expect("temp dir");
    let redis = RedisServer::start();
    let pod = |role: &str| {
        let (http, ops) = (free_port(), free_port());
        let child = Command::new(env!("CARGO_BIN_EXE_contoso-shop"))
            .current_dir(folder.path())
            .env("ROLE", role)
            .env(
                "ConnectionStrings__Contoso",
                format!("sqlite:{}", folder.path().join("shop.db").display()),
            )
            .env("ConnectionStrings__Redis", format!("127.0.0.1:{}", redis.port))
            .env("Http__Listen", format!("127.0.0.1:{http}"))
            .env("Ops__Listen", format!("127.0.0.1:{ops}"))
            .env("Jwt__Mode", "development")
            .env("Jwt__SigningKey", "a signing key for benchmarks, 32 bytes or more")
            .env("Drain__File", folder.path().join(format!("draining-{http}")))
            .env("RateLimits__Enabled", "false")
            .env("Log__Level", "warn")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        (Pod(child, http), ops)
    };
    let pods = [pod("web"), pod("web"), pod("worker")];
    for (_, ops) in &pods {
        let url = format!("http://127.0.0.1:{ops}/health/ready");
        let start = Instant::now();
        while !reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(start.elapsed() < Duration::from_secs(20), "a pod is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let ports = [pods[0].0.1, pods[1].0.1];
    let client = reqwest::Client::new();
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut tokens = Vec::new();
    for user in 0..USERS {
        let body = json!({ "userId": format!("user-{user}") });
        let answer = client
            .post(format!("http://127.0.0.1:{}/dev/token", ports[0]))
            .json(&body)
            .send()
            .await
            .expect("a token");
        let token = answer.json::<Value>().await.expect("JSON")["token"]
            .as_str()
            .expect("a token")
            .to_owned();
        // The tab is on the pod that does not take the user's orders.
        listen(ports[(user + 1) % 2], token.clone(), ledger.clone()).await;
        tokens.push(token);
    }

    println!(
        "order to notification: 2 web pods, 1 worker, Redis, SQLite; {seconds} s per rate; milliseconds"
    );
    println!("| orders/s | sent | heard | p50 | p99 | max | GET p50 | GET p99 | p50 ratio |");
    println!("|---|---|---|---|---|---|---|---|---|");
    run(20, 2, &client, ports, &tokens, &ledger).await;
    for rate in RATES_PER_SECOND {
        let (orders, gets, sent) = run(rate, seconds, &client, ports, &tokens, &ledger).await;
        let ratio = at(&orders, 50.0) / at(&gets, 50.0);
        println!(
            "| {rate} | {sent} | {} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} | {ratio:.1} |",
            orders.len(),
            at(&orders, 50.0),
            at(&orders, 99.0),
            at(&orders, 100.0),
            at(&gets, 50.0),
            at(&gets, 99.0)
        );
        assert_eq!(orders.len(), sent, "every order was heard of");
    }
}

async fn listen(port: u16, token: String, ledger: Arc<Mutex<Ledger>>) {
    let url = format!("ws://127.0.0.1:{port}/hubs/order-status?access_token={token}");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("a tab");
    socket
        .send(Message::text("{\"protocol\":\"json\",\"version\":1}\u{1e}"))
        .await
        .expect("a handshake");
    tokio::spawn(async move {
        while let Some(Ok(message)) = socket.next().await {
            let now = Instant::now();
            let Message::Text(text) = message else { continue };
            for record in
                text.as_str().split('\u{1e}').filter(|record| record.contains("\"OrderCompleted\""))
            {
                let record: Value = serde_json::from_str(record).expect("JSON");
                let cid =
                    record["arguments"][0]["correlationId"].as_str().expect("an id").to_owned();
                ledger.lock().expect("not poisoned").heard.entry(cid).or_insert(now);
            }
        }
    });
}

/// Sends at `rate` for `seconds`; returns sorted milliseconds of orders and of plain GETs, and how
/// many orders were sent.
async fn run(
    rate: u64,
    seconds: u64,
    client: &reqwest::Client,
    ports: [u16; 2],
    tokens: &[String],
    ledger: &Arc<Mutex<Ledger>>,
) -> (Vec<f64>, Vec<f64>, usize) {
    *ledger.lock().expect("not poisoned") = Ledger::default();
    let total = usize::try_from(rate * seconds).expect("a small number");
    let mut ticks =
        tokio::time::interval(Duration::from_secs(1) / u32::try_from(rate).expect("a small rate"));
    let mut tasks = Vec::new();
    for n in 0..total {
        ticks.tick().await;
        let user = n % tokens.len();
        let base = format!("http://127.0.0.1:{}", ports[user % 2]);
        let (client, token, ledger) = (client.clone(), tokens[user].clone(), ledger.clone());
        tasks.push(tokio::spawn(async move {
            let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
            let sent = Instant::now();
            let answer = client
                .post(format!("{base}/api/orders"))
                .bearer_auth(token)
                .json(&body)
                .send()
                .await
                .expect("an answer");
            assert_eq!(answer.status(), 201);
            let cid = answer.json::<Value>().await.expect("JSON")["correlationId"]
                .as_str()
                .expect("an id")
                .to_owned();
            ledger.lock().expect("not poisoned").sent.insert(cid, sent);
            let start = Instant::now();
            client
                .get(format!("{base}/api/products/AZ-700"))
                .send()
                .await
                .expect("an answer")
                .bytes()
                .await
                .expect("a body");
            start.elapsed().as_secs_f64() * 1000.0
        }));
    }
    let mut gets = Vec::new();
    for task in tasks {
        gets.push(task.await.expect("no panic"));
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while ledger.lock().expect("not poisoned").heard.len() < total && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let ledger = ledger.lock().expect("not poisoned");
    let waits = ledger
        .sent
        .iter()
        .filter_map(|(cid, sent)| Some((*ledger.heard.get(cid)? - *sent).as_secs_f64() * 1000.0));
    let mut orders: Vec<f64> = waits.collect();
    orders.sort_by(f64::total_cmp);
    gets.sort_by(f64::total_cmp);
    (orders, gets, ledger.sent.len())
}

fn at(sorted: &[f64], percentile: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((last * percentile / 100.0).round() as usize).copied().unwrap_or(f64::NAN)
}
