//! Pings, timeouts and the end of tokens, with short intervals.

use std::time::Duration;

use serde_json::json;

use super::server::TestServer;
use crate::support::hub_client::{Closed, HubClient, Token};
use contoso_shop::signalr::HubOptions;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_does_not_come_is_cancelled() {
    let server = TestServer::with(HubOptions {
        handshake_timeout: Duration::from_millis(50),
        ..HubOptions::default()
    });
    let mut client = HubClient::open(&server.url(), Token::Header("alice"), &[]).await.unwrap();
    client.text("{\"protocol\":").await;
    assert_eq!(client.next().await, Some(json!({"error": "Handshake was canceled."})));
    assert_eq!(client.closed().await.message, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_pings_and_a_client_that_never_did_is_not_cut() {
    let options = HubOptions {
        keep_alive_interval: Duration::from_millis(20),
        client_timeout: Duration::from_millis(40),
        ..HubOptions::default()
    };
    let server = TestServer::with(options);
    let mut client = HubClient::connect(&server.url(), Token::Header("alice")).await;
    for _ in 0..5 {
        assert_eq!(client.next().await, Some(json!({"type": 6})));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_falls_silent_is_cut_and_may_come_back() {
    let server = TestServer::with(HubOptions {
        client_timeout: Duration::from_millis(100),
        ..HubOptions::default()
    });
    let mut client = HubClient::connect(&server.url(), Token::Header("alice")).await;
    client.text("{\"type\":6}\u{1e}").await;
    let message =
        json!({"type": 7, "error": "Connection closed with an error.", "allowReconnect": true});
    assert_eq!(client.closed().await, Closed { message: Some(message), code: Some(1000) });
    server.wait_connections(0).await;
    let reason = "Client hasn't sent a message/ping within the configured ClientTimeoutInterval.";
    assert_eq!(server.logged()[1], format!("disconnected alice: {reason}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_method_that_takes_long_is_no_silence() {
    let server = TestServer::with(HubOptions {
        client_timeout: Duration::from_millis(100),
        ..HubOptions::default()
    });
    let mut client = HubClient::connect(&server.url(), Token::Header("alice")).await;
    let id = client.start("Wait", json!(["a"])).await;
    // The state to wait for is that nothing happens for three timeouts.
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.gate.add_permits(1);
    assert_eq!(client.next().await, Some(json!({"type": 3, "invocationId": id, "result": "a"})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_ends_with_its_token_and_may_come_back() {
    let server = TestServer::start();
    let client = HubClient::connect(&server.url(), Token::Query("alice~200")).await;
    let message = json!({"type": 7, "allowReconnect": true});
    assert_eq!(client.closed().await, Closed { message: Some(message), code: Some(1000) });
}
