use contoso_shop::http::HttpSettings;
use reqwest::Method;

use super::server::{Server, Setup};

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = Server::start().await;
    for path in ["/api/products", "/api/orders", "/api/nothing", "/openapi.json"] {
        let answer = server.call(Method::GET, path, &[], "").await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(
            answer.header("content-security-policy").contains("frame-ancestors 'none'"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_request_id_is_taken_if_it_is_well_formed() {
    let server = Server::start().await;
    let taken = server.call(Method::GET, "/api/products", &[("x-request-id", "abc-1")], "").await;
    assert_eq!(taken.header("x-request-id"), "abc-1");
    let made = server
        .call(Method::GET, "/api/products", &[("x-request-id", "not <well> formed")], "")
        .await;
    assert_eq!(made.header("x-request-id").len(), 32);
}

#[tokio::test]
async fn other_origins_may_call_only_when_they_are_listed() {
    let origin = [("origin", "https://shop.example")];
    let closed = Server::start().await;
    assert_eq!(
        closed
            .call(Method::GET, "/api/products", &origin, "")
            .await
            .expect(200)
            .header("access-control-allow-origin"),
        ""
    );

    let settings = HttpSettings {
        allowed_origins: vec!["https://shop.example".to_owned()],
        ..HttpSettings::default()
    };
    let open = Server::with(Setup { settings, ..Setup::default() }).await;
    let listed = open.call(Method::GET, "/api/products", &origin, "").await.expect(200);
    assert_eq!(listed.header("access-control-allow-origin"), "https://shop.example");
    let other =
        open.call(Method::GET, "/api/products", &[("origin", "https://evil.example")], "").await;
    assert_eq!(other.header("access-control-allow-origin"), "");
    let preflight = open
        .client
        .request(Method::OPTIONS, format!("{}/api/orders", open.base))
        .header("origin", "https://shop.example");
    let preflight = preflight
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");
    let answer = preflight.send().await.expect("an answer");
    assert!(answer.status().is_success());
    assert!(
        answer.headers()["access-control-allow-headers"]
            .to_str()
            .expect("text")
            .contains("idempotency-key")
    );
}

#[tokio::test]
async fn hubs_and_api_agree_over_preflights() {
    let settings = HttpSettings {
        allowed_origins: vec!["https://shop.example".to_owned()],
        hub_origins: vec!["https://board.example".to_owned()],
        ..HttpSettings::default()
    };
    let server = Server::with(Setup { settings, ..Setup::default() }).await;
    let preflight = async |origin: &str, path: &str| {
        let request = server.client.request(Method::OPTIONS, format!("{}{path}", server.base));
        let answer = request
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,x-signalr-user-agent")
            .send()
            .await
            .expect("an answer");
        answer.headers().get("access-control-allow-origin").is_some_and(|allowed| allowed == origin)
    };
    const HUB: &str = "/hubs/order-status/negotiate?negotiateVersion=1";
    assert!(preflight("https://shop.example", HUB).await, "one setting opens both");
    assert!(preflight("https://shop.example", "/api/orders").await);
    assert!(preflight("https://board.example", HUB).await);
    assert!(!preflight("https://board.example", "/api/orders").await, "hubs only");
    assert!(!preflight("https://evil.example", HUB).await);
}
