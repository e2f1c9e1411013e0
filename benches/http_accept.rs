//! Orders accepted per second over HTTP on SQLite: 64 keep-alive connections to one web pod, which
//! shares the cores with the load generator. Logs (one JSON line per request) and metrics are on,
//! as in production; no worker runs.
//!
//! Prints one row per request, beside the rate of `GET /health/live` as the baseline of the same
//! run. `cargo bench --bench http_accept -- [orders]`

#[path = "../tests/it/support/redis_server.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod redis_server;

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redis_server::free_port;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 64;

struct Pod(Child);

impl Drop for Pod {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    // Cargo passes `--bench`; the first number, if any, is ours.
    let orders: usize =
        std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(20_000);
    // Cargo's folder lies on the same disk as the project; /tmp may lie in memory, where a commit
    // costs nothing.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("temp dir");
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let child = Command::new(env!("CARGO_BIN_EXE_contoso-shop"))
        .current_dir(folder.path())
        .env("ROLE", "web")
        .env("SignalR__SinglePod", "true")
        .env(
            "ConnectionStrings__Contoso",
            format!("sqlite:{}", folder.path().join("shop.db").display()),
        )
        .env("Http__Listen", address.to_string())
        .env("Ops__Listen", format!("127.0.0.1:{}", free_port()))
        .env("Jwt__Mode", "development")
        .env("Jwt__SigningKey", "a signing key for benchmarks, 32 bytes or more")
        .env("Drain__File", folder.path().join("draining"))
        .env("RateLimits__Enabled", "false")
        .env("Log__Format", "json")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the pod");
    let _pod = Pod(child);
    // One who orders all the time, and one with a page of orders.
    let (ann, bob) = (sign_in(address, "ann").await, sign_in(address, "bob").await);

    let get = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: shop\r\nauthorization: Bearer {bob}\r\n\r\n")
    };
    let post = |token: &str, lines: usize| {
        let line = |sku: &&str| json!({ "productId": sku, "quantity": 1 });
        let lines: Vec<_> = ["AZ-700", "CF-800", "TE-840"][..lines].iter().map(line).collect();
        let body = json!({ "items": lines }).to_string();
        let head = "POST /api/orders HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json";
        format!(
            "{head}\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{CONNECTIONS} connections, {cores} cores for server and load together");
    println!(
        "{:<30}{:>10}{:>12}{:>11}{:>10}{:>10}",
        "request", "count", "per second", "baseline", "p50 ms", "p99 ms"
    );
    load(address, get("/health/live"), "200", 5_000).await;
    load(address, post(&bob, 3), "201", 10).await;
    let mut baseline = None;
    for (name, request, status, count) in [
        ("GET /health/live (baseline)", get("/health/live"), "200", orders * 3),
        ("GET /api/products/AZ-700", get("/api/products/AZ-700"), "200", orders),
        ("POST /api/orders, 1 line", post(&ann, 1), "201", orders),
        ("POST /api/orders, 3 lines", post(&ann, 3), "201", orders),
        ("GET /api/orders, 10 orders", get("/api/orders"), "200", orders),
    ] {
        let (rate, mut times) = load(address, request, status, count).await;
        times.sort_unstable();
        let at =
            |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        let ratio = rate / *baseline.get_or_insert(rate) * 100.0;
        println!(
            "{name:<30}{:>10}{rate:>12.0}{ratio:>10.1}%{:>10.2}{:>10.2}",
            times.len(),
            at(0.5),
            at(0.99)
        );
    }
}

/// Waits for the pod and gets a token.
async fn sign_in(address: SocketAddr, user: &str) -> String {
    let (client, deadline) = (reqwest::Client::new(), Instant::now() + Duration::from_secs(30));
    loop {
        match client
            .post(format!("http://{address}/dev/token"))
            .json(&json!({ "userId": user }))
            .send()
            .await
        {
            Ok(answer) => {
                let answer: Value = answer.json().await.expect("JSON");
                return answer["token"].as_str().expect("a token").to_owned();
            }
            Err(error) => assert!(Instant::now() < deadline, "the pod did not start: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Sends `count` requests over all connections, each waiting for its answer. Returns the rate and
/// how long each took.
async fn load(
    address: SocketAddr,
    request: String,
    status: &'static str,
    count: usize,
) -> (f64, Vec<Duration>) {
    let (request, left) = (Arc::new(request), Arc::new(AtomicUsize::new(count)));
    let started = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        clients.spawn(client(address, request.clone(), status, left.clone()));
    }
    let times: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    (times.len() as f64 / started.elapsed().as_secs_f64(), times)
}

async fn client(
    address: SocketAddr,
    request: Arc<String>,
    status: &str,
    left: Arc<AtomicUsize>,
) -> Vec<Duration> {
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    socket.set_nodelay(true).expect("a socket option");
    let (mut times, mut buffer) = (Vec::new(), Vec::with_capacity(64 * 1024));
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
        .is_ok()
    {
        let sent = Instant::now();
        socket.write_all(request.as_bytes()).await.expect("sent");
        buffer.clear();
        let length = loop {
            let read = socket.read_buf(&mut buffer).await.expect("received");
            assert!(read > 0, "the server closed the connection");
            if let Some(length) = whole(&buffer) {
                break length;
            }
        };
        times.push(sent.elapsed());
        assert_eq!(length, buffer.len(), "one answer per request");
        assert_eq!(&buffer[9..12], status.as_bytes(), "{}", String::from_utf8_lossy(&buffer));
    }
    times
}

/// The answer's length once its head is there and its body is complete.
fn whole(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..head]).expect("an ASCII head").to_ascii_lowercase();
    let body = text
        .split("content-length: ")
        .nth(1)
        .map_or(0, |rest| rest.split("\r\n").next().expect("a value").parse().expect("a length"));
    (buffer.len() >= head + body).then_some(head + body)
}
