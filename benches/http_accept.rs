//! Orders accepted per second over HTTP on SQLite: 64 keep-alive connections, server and load generator on the same cores.
//!
//! Prints one row per request, beside the rate of a handler that does nothing as the baseline of the same run.
//! `cargo bench --bench http_accept -- [orders]`

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, HttpServer, web};
use async_trait::async_trait;
use contoso_shop::adapters::memory::{LocalWakeup, MemoryStatusCopy};
use contoso_shop::adapters::sqlite::{SqliteOptions, SqliteStore};
use contoso_shop::auth::{ClaimRules, DevelopmentTokens};
use contoso_shop::domain::{OrderEvent, UserId};
use contoso_shop::http::{self, HttpPorts, HttpSettings, HttpState};
use contoso_shop::ports::{NotifyError, OrderNotifier, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 64;
const SERVER_THREADS: usize = 2;

/// Nobody is connected.
struct NoTabs;

#[async_trait]
impl OrderNotifier for NoTabs {
    async fn notify(&self, _: &UserId, _: &OrderEvent) -> Result<(), NotifyError> {
        Ok(())
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    // Cargo passes `--bench`; the first number, if any, is ours.
    let orders: usize = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(20_000);
    // Cargo's folder lies on the same disk as the project; /tmp may lie in memory, where a commit costs nothing.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("temp dir");
    let clock = Arc::new(SystemClock);
    let store = SqliteStore::open(SqliteOptions::new(folder.path().join("shop.db")), clock.clone()).expect("open");
    let stores = store.stores();
    stores.schema.migrate().await.expect("migrate");
    let tokens = Arc::new(DevelopmentTokens::new(&[7; 32], ClaimRules::default(), clock).expect("a long key"));
    let ports = HttpPorts {
        orders: stores.orders.clone(),
        products: stores.products.clone(),
        copy: Arc::new(MemoryStatusCopy::new(Duration::from_secs(1800))),
        wakeup: Arc::new(LocalWakeup::default()),
        notifier: Arc::new(NoTabs),
        verifier: tokens.clone(),
        development_tokens: None,
    };
    let state = web::Data::new(HttpState::new(ports, HttpSettings::default()));
    let nothing = |cfg: &mut web::ServiceConfig| {
        cfg.route("/nothing", web::get().to(async || HttpResponse::NoContent().finish()));
    };
    let server = HttpServer::new(move || http::app(state.clone(), nothing)).workers(SERVER_THREADS).disable_signals();
    let server = server.bind(("127.0.0.1", 0)).expect("a free port");
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);

    let token = tokens.issue(&UserId::new("ann"), &[]).token;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: shop\r\nauthorization: Bearer {token}\r\n\r\n");
    let post = |lines: usize| {
        let line = |sku: &&str| format!("{{\"productId\":\"{sku}\",\"quantity\":1}}");
        let lines: Vec<_> = ["AZ-700", "KB-100", "MS-120"][..lines].iter().map(line).collect();
        let body = format!("{{\"items\":[{}]}}", lines.join(","));
        let head =
            format!("POST /api/orders HTTP/1.1\r\nhost: shop\r\nauthorization: Bearer {token}\r\ncontent-type: application/json");
        format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    println!("{CONNECTIONS} connections, {SERVER_THREADS} server threads, {} cores, load on the same cores", cores());
    println!("{:<34}{:>10}{:>12}{:>12}{:>10}{:>10}", "request", "count", "per second", "baseline", "p50 ms", "p99 ms");
    let mut baseline = None;
    for (name, request, status, count) in [
        ("warm-up", get("/nothing"), "204", 5_000),
        ("GET /nothing (baseline)", get("/nothing"), "204", orders * 3),
        ("GET /api/products/AZ-700", get("/api/products/AZ-700"), "200", orders),
        ("POST /api/orders, 1 line", post(1), "201", orders),
        ("POST /api/orders, 3 lines", post(3), "201", orders),
        ("GET /api/orders", get("/api/orders"), "200", orders / 4),
    ] {
        let (rate, mut times) = load(address, request, status, count).await;
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        let ratio = rate / *baseline.get_or_insert(rate);
        if name == "warm-up" {
            baseline = None;
            continue;
        }
        println!("{name:<34}{:>10}{rate:>12.0}{:>11.1}%{:>10.2}{:>10.2}", times.len(), ratio * 100.0, at(0.5), at(0.99));
    }
    drop(handle.stop(false));
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Sends `count` requests over all connections, each waiting for its answer. Returns the rate and how long each took.
async fn load(address: std::net::SocketAddr, request: String, status: &'static str, count: usize) -> (f64, Vec<Duration>) {
    let (request, left) = (Arc::new(request), Arc::new(AtomicUsize::new(count)));
    let started = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        clients.spawn(client(address, request.clone(), status, left.clone()));
    }
    let times: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    (times.len() as f64 / started.elapsed().as_secs_f64(), times)
}

async fn client(address: std::net::SocketAddr, request: Arc<String>, status: &str, left: Arc<AtomicUsize>) -> Vec<Duration> {
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    socket.set_nodelay(true).expect("a socket option");
    let (mut times, mut buffer) = (Vec::new(), Vec::with_capacity(64 * 1024));
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
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
