//! What every operation answers alike, tried on every operation that declares it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contoso_shop::auth::{Principal, TokenError, TokenVerifier};
use contoso_shop::http::{HttpSettings, Limits};
use contoso_shop::ports::RateLimit;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::Answer;
use super::declared::Operation;
use super::doubles::Mood;
use super::server::{Server, Setup, keyboard};
use crate::support::wait::until;

/// The operation's path for things that may exist.
fn path(operation: &Operation) -> String {
    operation
        .path
        .replace("{id}", "1")
        .replace("{externalProductId}", "KB-100")
        .replace("{correlationId}", "7f0f4a52-24c3-4c53-8f0e-4f7b9b1c2d3e")
}

/// A body the operation takes.
fn body(operation: &Operation) -> String {
    let body = match operation.path.as_str() {
        "/api/orders" => keyboard(1),
        "/api/session" => json!({ "version": 1, "cart": [], "preferences": {} }),
        "/dev/token" => json!({ "userId": "ann" }),
        _ => json!({ "stock": 5 }),
    };
    body.to_string()
}

async fn call(
    server: &Server,
    operation: &Operation,
    headers: &[(&str, &str)],
    body: String,
) -> Answer {
    let mut all = vec![("content-type", "application/json")];
    all.extend(headers);
    let method: Method = operation.method.parse().expect("a method");
    server.call(method, &path(operation), &all, body).await
}

fn bearer(server: &Server) -> String {
    format!("Bearer {}", server.admin())
}

/// Calls every operation that declares `status` with `headers`; each must answer it.
async fn each(server: &Server, status: u16, headers: &[(&str, &str)]) {
    let operations = server.declared.declaring(status);
    assert!(!operations.is_empty());
    for operation in operations {
        let answer = call(server, &operation, headers, body(&operation)).await;
        assert_eq!(answer.status, status, "{operation:?}");
    }
}

#[tokio::test]
async fn without_a_token_what_needs_one_is_401() {
    each(&Server::start().await, 401, &[]).await;
}

/// Takes every token for one that names no user.
struct Nobody;

#[async_trait]
impl TokenVerifier for Nobody {
    async fn verify(&self, _: &str) -> Result<Principal, TokenError> {
        Err(TokenError::NoSubject)
    }
}

#[tokio::test]
async fn a_token_that_names_nobody_is_403() {
    let verifier: Option<Arc<dyn TokenVerifier>> = Some(Arc::new(Nobody));
    let server = Server::with(Setup { verifier, ..Setup::default() }).await;
    each(&server, 403, &[("authorization", "Bearer x")]).await;
}

#[tokio::test]
async fn beyond_its_limit_every_operation_is_429() {
    let once = RateLimit { permits: 1, per: Duration::from_secs(3600) };
    let settings = HttpSettings {
        limits: Some(Limits { orders: once, requests: once, connections: once }),
        trusted_proxies: vec!["127.0.0.0/8".parse().expect("a network")],
        ..HttpSettings::default()
    };
    let server = Server::with(Setup { settings, ..Setup::default() }).await;
    let from = [("x-forwarded-for", "192.0.2.1")];
    server.call(Method::GET, "/api/products", &from, "").await.expect(200);
    each(&server, 429, &from).await;
}

#[tokio::test]
async fn while_a_store_is_broken_every_operation_that_reads_it_is_500() {
    let server = Server::start().await;
    for stage in [&server.orders, &server.products, &server.reports, &server.sessions] {
        stage.set(Mood::Broken);
    }
    server.copy.stage.set(Mood::Broken);
    each(&server, 500, &[("authorization", &bearer(&server))]).await;
}

#[tokio::test]
async fn a_server_that_is_full_answers_503() {
    let settings = HttpSettings { max_in_flight: 1, ..HttpSettings::default() };
    let server = Server::with(Setup { settings, ..Setup::default() }).await;
    server.orders.set(Mood::Held);
    let others = async {
        until("the first request", Duration::from_secs(5), async || {
            (server.orders.entered() == 1).then_some(())
        })
        .await;
        each(&server, 503, &[("authorization", &bearer(&server))]).await;
        server.orders.set(Mood::Well);
    };
    let (first, ()) = tokio::join!(server.get("ann", "/api/orders"), others);
    first.expect(200);
}

#[tokio::test]
async fn bodies_that_are_too_large_or_no_json_are_413_and_415() {
    let server = Server::start().await;
    let admin = bearer(&server);
    for operation in server.declared.declaring(413) {
        let large = format!("\"{}\"", "x".repeat(65 * 1024));
        call(&server, &operation, &[("authorization", &admin)], large).await.expect(413);
    }
    for operation in server.declared.declaring(415) {
        let method: Method = operation.method.parse().expect("a method");
        let headers = [("authorization", admin.as_str()), ("content-type", "text/plain")];
        server.call(method, &path(&operation), &headers, body(&operation)).await.expect(415);
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_408() {
    let server = Server::start().await;
    let slow = server.declared.declaring(408);
    assert!(slow.iter().any(|operation| operation.path == "/api/orders"));
    let answers = slow.iter().map(|operation| first_line(&server, operation));
    for (operation, answer) in slow.iter().zip(futures_util::future::join_all(answers).await) {
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        assert_eq!(status, Some(408), "{operation:?}: {answer}");
        server.declared.check(&operation.method, &path(operation), 408);
    }
}

/// Sends a request whose body stops after one byte; the first line of the answer.
async fn first_line(server: &Server, operation: &Operation) -> String {
    let address = server.base.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "{} {} HTTP/1.1\r\nhost: {address}\r\nauthorization: {}\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{{",
        operation.method,
        path(operation),
        bearer(server),
    );
    socket.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = vec![0; 12];
    socket.read_exact(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}
