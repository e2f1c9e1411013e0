//! Negotiation and plain requests to the hub (B2, B3, B7).

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::server::TestServer;
use crate::support::hub_client::{HubClient, Token};
use contoso_shop::signalr::{HubOptions, Origins};

fn request(server: &TestServer, method: Method, rest: &str) -> RequestBuilder {
    Client::new().request(method, format!("{}{rest}", server.url())).bearer_auth("alice")
}

async fn negotiate(server: &TestServer, query: &str) -> Value {
    let response =
        request(server, Method::POST, &format!("/negotiate{query}")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().contains_key("content-length"));
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
    response.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_negotiated_with_one_server_is_adopted_by_another() {
    let (one, other) = (TestServer::start(), TestServer::start());
    let agreed = negotiate(&one, "?negotiateVersion=1").await;
    let transports = json!([{"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}]);
    assert_eq!(agreed["availableTransports"], transports);
    assert_eq!(agreed["negotiateVersion"], 1);
    let (id, token) =
        (agreed["connectionId"].as_str().unwrap(), agreed["connectionToken"].as_str().unwrap());
    let url = format!("{}?ID={token}", other.url());
    let mut client = HubClient::connect(&url, Token::Header("alice")).await;
    assert_eq!(client.invoke("WhoAmI", json!([])).await, Ok(json!(["alice", id])));

    assert_eq!(
        HubClient::refused(&url, Token::Header("alice"), &[]).await.0,
        409,
        "it is connected already"
    );
    let stolen = HubClient::refused(&url, Token::Header("mallory"), &[]).await;
    assert_eq!(stolen, (404, "No Connection with that ID".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn version_0_has_no_separate_token() {
    let server = TestServer::start();
    let agreed = negotiate(&server, "").await;
    assert_eq!(agreed["negotiateVersion"], 0);
    assert_eq!(agreed.get("connectionToken"), None);
    let id = agreed["connectionId"].as_str().unwrap();
    let mut client =
        HubClient::connect(&format!("{}?id={id}", server.url()), Token::Header("alice")).await;
    assert_eq!(client.invoke("WhoAmI", json!([])).await, Ok(json!(["alice", id])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_versions_are_answered_as_microsoft_does() {
    let server = TestServer::start();
    assert_eq!(negotiate(&server, "?negotiateVersion=7").await["negotiateVersion"], 1);
    assert_eq!(
        negotiate(&server, "?negotiateVersion=x").await,
        json!({"error": "The client requested a non-integer protocol version."})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_and_expired_ids_are_not_found() {
    let server = TestServer::with(HubOptions {
        connection_token_lifetime: std::time::Duration::ZERO,
        ..HubOptions::default()
    });
    let agreed = negotiate(&server, "?negotiateVersion=1").await;
    for id in ["nonsense", agreed["connectionToken"].as_str().unwrap()] {
        let url = format!("{}?id={id}", server.url());
        let refused = HubClient::refused(&url, Token::Header("alice"), &[]).await;
        assert_eq!(refused, (404, "No Connection with that ID".into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_requests_get_the_documented_status_and_text() {
    let server = TestServer::start();
    let token = negotiate(&server, "?negotiateVersion=1").await["connectionToken"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = format!("?id={token}");
    let cases = [
        (Method::GET, "", 404, "LongPolling transport not supported by this end point type"),
        (Method::POST, "", 400, "Connection ID required"),
        (Method::DELETE, "", 400, "Connection ID required"),
        (Method::POST, "?id=x", 404, "No Connection with that ID"),
        (Method::POST, &id, 405, "POST requests are not allowed for WebSocket connections."),
        (Method::DELETE, &id, 400, "Cannot terminate this connection using the DELETE endpoint."),
        (Method::PUT, "", 405, ""),
        (Method::GET, "/negotiate", 405, ""),
    ];
    for (method, rest, status, text) in cases {
        let response = request(&server, method.clone(), rest).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{method} {rest}");
        assert_eq!(response.text().await.unwrap(), text, "{method} {rest}");
    }
    let sse = request(&server, Method::GET, "")
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    assert_eq!(sse.status(), 404);
    assert_eq!(
        sse.text().await.unwrap(),
        "ServerSentEvents transport not supported by this end point type"
    );
    let broken =
        request(&server, Method::GET, "").header("upgrade", "websocket").send().await.unwrap();
    assert_eq!(broken.status(), 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn negotiation_needs_a_token() {
    let server = TestServer::start();
    let response = Client::new().post(format!("{}/negotiate", server.url())).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(response.text().await.unwrap(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_allowed_origins_may_negotiate() {
    let origins = Origins { allowed: vec!["https://shop.example".into()], ..Origins::default() };
    let server = TestServer::with(HubOptions { origins, ..HubOptions::default() });
    for (origin, status) in [("https://shop.example", 200), ("https://evil.example", 403)] {
        let path = "/negotiate?negotiateVersion=1";
        let response =
            request(&server, Method::POST, path).header("origin", origin).send().await.unwrap();
        assert_eq!(response.status(), status, "{origin}");
    }
}
