//! The end of a pod.

use std::time::{Duration, Instant};

use serde_json::json;

use super::server::TestServer;
use crate::support::hub_client::{Closed, HubClient, Token};
use contoso_shop::signalr::HubOptions;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_clients_are_sent_elsewhere_at_once_after_what_was_queued_for_them() {
    let server = TestServer::start();
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(HubClient::connect(&server.url(), Token::Header("alice")).await);
    }
    server.context().user("alice").send("Last", &(1,)).await.unwrap();
    let started = Instant::now();
    server.endpoint.begin_drain(Duration::from_secs(60)).await;
    for mut client in clients {
        assert_eq!(client.event("Last").await, json!([1]));
        let message = json!({"type": 7, "allowReconnect": true});
        assert_eq!(client.closed().await, Closed { message: Some(message), code: Some(1001) });
    }
    assert_eq!(server.endpoint.wait_empty(Duration::from_secs(5)).await, 0);
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "near zero for few sockets, not the window"
    );
    server.wait_connections(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_are_spread_over_the_window() {
    let server =
        TestServer::with(HubOptions { drain_rate_per_second: 1.0, ..HubOptions::default() });
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(HubClient::connect(&server.url(), Token::Header("alice")).await);
    }
    let started = Instant::now();
    let draining = server.endpoint.begin_drain(Duration::from_millis(500));
    let closing = futures_util::future::join_all(clients.into_iter().map(|client| async {
        client.closed().await;
        started.elapsed()
    }));
    let ((), ends) = tokio::join!(draining, closing);
    let late = ends.iter().filter(|end| **end >= Duration::from_millis(200)).count();
    assert!(late >= 11, "client n of 20 may not be closed before 25 n ms: {ends:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "the window is the limit, not the rate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draining_server_lets_no_one_in() {
    let server = TestServer::start();
    server.endpoint.begin_drain(Duration::ZERO).await;
    assert_eq!(HubClient::refused(&server.url(), Token::Header("alice"), &[]).await.0, 503);
    let response = reqwest::Client::new()
        .post(format!("{}/negotiate", server.url()))
        .bearer_auth("alice")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["connection"], "close");
    assert_eq!(response.headers()["retry-after"], "5");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_in_mid_handshake_is_closed_too() {
    let server = TestServer::start();
    let client = HubClient::open(&server.url(), Token::Header("alice"), &[]).await.unwrap();
    server.wait_connections(1).await;
    server.endpoint.begin_drain(Duration::ZERO).await;
    client.closed().await;
    assert_eq!(server.endpoint.wait_empty(Duration::from_secs(5)).await, 0);
}
