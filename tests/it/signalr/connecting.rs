//! Upgrades, handshakes, identity, limits.

use serde_json::json;

use super::server::TestServer;
use crate::support::hub_client::{Closed, HubClient, Token};
use contoso_shop::signalr::{HubOptions, Origins};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_of_every_version_and_writer_are_accepted() {
    let server = TestServer::start();
    for handshake in [
        r#"{"protocol":"json","version":0}"#,
        r#"{"version":1,"protocol":"json"}"#,
        r#" { "protocol" : "JSON", "version":2, "x":[] }"#,
    ] {
        let mut client = HubClient::open(&server.url(), Token::Query("alice"), &[]).await.unwrap();
        client.text(format!("{handshake}\u{1e}")).await;
        assert_eq!(client.next().await, Some(json!({})));
        assert_eq!(client.invoke("Echo", json!(["x"])).await, Ok(json!("x")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_may_come_in_pieces_and_together_with_what_follows() {
    let server = TestServer::start();
    let mut client = HubClient::open(&server.url(), Token::Header("alice"), &[]).await.unwrap();
    let text = "{\"protocol\":\"json\",\"version\":1}\u{1e}{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[\"x\"]}\u{1e}";
    for byte in text.chars() {
        client.text(byte).await;
    }
    assert_eq!(client.next().await, Some(json!({})));
    assert_eq!(client.next().await, Some(json!({"type": 3, "invocationId": "1", "result": "x"})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_handshakes_say_why_and_never_reach_the_hub() {
    let server = TestServer::start();
    for (handshake, error) in [
        (r#"{"protocol":"xml","version":1}"#, "The protocol 'xml' is not supported."),
        (
            r#"{"protocol":"json","version":9}"#,
            "The server does not support version 9 of the 'json' protocol.",
        ),
        (r#"{"type":6}"#, "An unexpected error occurred during connection handshake."),
    ] {
        let mut client = HubClient::open(&server.url(), Token::Header("alice"), &[]).await.unwrap();
        client.text(format!("{handshake}\u{1e}")).await;
        assert_eq!(client.next().await, Some(json!({ "error": error })));
        assert_eq!(client.closed().await.message, None, "no Close message after a refusal");
    }
    assert!(server.logged().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_decides_who_may_enter() {
    let server = TestServer::start();
    let refused = async |token| HubClient::refused(&server.url(), token, &[]).await;
    assert_eq!(refused(Token::None).await, (401, String::new()));
    assert_eq!(refused(Token::Header("bad")).await, (401, String::new()));
    assert_eq!(refused(Token::Query("nobody")).await, (403, String::new()));
    assert_eq!(refused(Token::Query("banned")).await, (403, String::new()));
    assert_eq!(refused(Token::Query("outage")).await, (503, String::new()));
    assert_eq!(refused(Token::Query("late~0")).await, (401, String::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_foreign_origins_are_refused() {
    let origins = Origins { allowed: vec!["https://shop.example".into()], ..Origins::default() };
    let server = TestServer::with(HubOptions { origins, ..HubOptions::default() });
    let from = async |origin: &str| {
        HubClient::open(&server.url(), Token::Query("alice"), &[("origin", origin)]).await.is_ok()
    };
    assert!(from("https://shop.example").await);
    assert!(from(&format!("http://{}", server.address())).await, "our own pages");
    assert!(!from("https://evil.example").await);
    let refused = HubClient::refused(
        &server.url(),
        Token::Query("alice"),
        &[("origin", "https://evil.example")],
    )
    .await;
    assert_eq!(refused, (403, String::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_per_user_and_pod_hold_and_places_come_back() {
    let server = TestServer::with(HubOptions {
        connections_per_user: 2,
        connections_per_pod: 3,
        ..HubOptions::default()
    });
    let alice = HubClient::connect(&server.url(), Token::Header("alice")).await;
    let _alice = HubClient::connect(&server.url(), Token::Header("alice")).await;
    assert_eq!(HubClient::refused(&server.url(), Token::Header("alice"), &[]).await.0, 429);
    let _bob = HubClient::connect(&server.url(), Token::Header("bob")).await;
    assert_eq!(HubClient::refused(&server.url(), Token::Header("carol"), &[]).await.0, 503);
    drop(alice);
    server.wait_connections(2).await;
    crate::support::wait::until("a free place", std::time::Duration::from_secs(5), || async {
        HubClient::open(&server.url(), Token::Header("alice"), &[]).await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connected_hook_that_fails_turns_the_client_away_for_good() {
    let server = TestServer::start();
    let unwelcome = HubClient::connect(&server.url(), Token::Header("unwelcome")).await;
    let error = "Connection closed with an error. HubException: go away";
    assert_eq!(
        unwelcome.closed().await,
        Closed { message: Some(json!({"type": 7, "error": error})), code: Some(1011) }
    );
    let cursed = HubClient::connect(&server.url(), Token::Header("cursed")).await;
    let error = "Connection closed with an error.";
    assert_eq!(
        cursed.closed().await,
        Closed { message: Some(json!({"type": 7, "error": error})), code: Some(1011) }
    );
    server.wait_connections(0).await;
    assert_eq!(
        server.logged(),
        ["connected unwelcome", "connected cursed"],
        "no disconnected hook"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_tells_the_client_to_stay_away() {
    let server = TestServer::start();
    let mut client = HubClient::connect(&server.url(), Token::Header("alice")).await;
    client.start("Abort", json!([])).await;
    assert_eq!(
        client.closed().await,
        Closed { message: Some(json!({"type": 7})), code: Some(1000) }
    );
    server.wait_connections(0).await;
    assert_eq!(server.logged(), ["connected alice", "disconnected alice"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_vanishes_is_forgotten() {
    let server = TestServer::start();
    let client = HubClient::connect(&server.url(), Token::Header("alice")).await;
    drop(client);
    server.wait_connections(0).await;
    assert_eq!(
        server.logged(),
        ["connected alice", "disconnected alice: The connection was lost."]
    );
}
