use reqwest::Method;
use serde_json::{Value, json};

use super::answer::Answer;
use super::doubles::Mood;
use super::server::Server;

async fn put(server: &Server, user: &str, body: &Value) -> Answer {
    let authorization = format!("Bearer {}", server.token(user));
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    server.call(Method::PUT, "/api/session", &headers, body.to_string()).await
}

#[tokio::test]
async fn a_cart_is_kept_for_its_user_alone() {
    let server = Server::start().await;
    let empty = json!({ "version": 0, "cart": [], "preferences": {} });
    assert_eq!(server.get("ann", "/api/session").await.expect(200).body, empty);
    let cart = json!({ "version": 5, "cart": [{ "productId": "AZ-700", "quantity": 2 }], "preferences": { "view": "list" } });
    put(&server, "ann", &cart).await.expect(204);
    assert_eq!(server.get("ann", "/api/session").await.expect(200).body, cart);
    assert_eq!(server.get("bob", "/api/session").await.expect(200).body, empty);
    server.call(Method::GET, "/api/session", &[], "").await.expect(401);
}

#[tokio::test]
async fn the_later_version_stays() {
    let server = Server::start().await;
    let version = |number: u64| json!({ "version": number, "cart": [] });
    put(&server, "ann", &version(7)).await.expect(204);
    let refused = put(&server, "ann", &version(6)).await.expect(409);
    assert!(refused.body["detail"].as_str().expect("text").contains('7'));
    put(&server, "ann", &version(7)).await.expect(204);
    put(&server, "ann", &version(8)).await.expect(204);
}

#[tokio::test]
async fn a_session_that_is_not_valid_or_too_large_is_refused_with_the_reason() {
    let server = Server::start().await;
    let line = json!({ "productId": "AZ-700", "quantity": 0 });
    for (body, field) in [
        (json!({ "version": 1, "cart": [line] }), "cart[0].quantity"),
        (
            json!({ "version": 1, "cart": [{ "productId": "a b", "quantity": 1 }] }),
            "cart[0].productId",
        ),
        (
            json!({ "version": 1, "cart": vec![json!({ "productId": "A", "quantity": 1 }); 101] }),
            "cart",
        ),
        (
            json!({ "version": 1, "cart": [], "preferences": { "a": "x".repeat(101) } }),
            "preferences",
        ),
        (json!({ "version": 9_007_199_254_740_992_u64, "cart": [] }), "version"),
    ] {
        let answer = put(&server, "ann", &body).await.expect(400);
        assert!(answer.body["errors"][field][0].is_string(), "{field}: {}", answer.body);
    }
    put(&server, "ann", &json!({ "version": 1, "cart": [], "price": 1 })).await.expect(400);
    put(
        &server,
        "ann",
        &json!({ "version": 1, "cart": [], "preferences": { "a": "x".repeat(70_000) } }),
    )
    .await
    .expect(413);
}

#[tokio::test]
async fn while_sessions_cannot_be_had_a_caller_learns_when_to_come_back() {
    let server = Server::start().await;
    let cart = json!({ "version": 1, "cart": [{ "productId": "AZ-700", "quantity": 2 }] });
    put(&server, "ann", &cart).await;
    server.sessions.set(Mood::Out);
    let refused = server.get("ann", "/api/session").await.expect(503);
    assert_eq!(refused.header("retry-after"), "7");
    put(&server, "ann", &cart).await.expect(503);
    server.sessions.set(Mood::Well);
    let session = server.get("ann", "/api/session").await.expect(200).body;
    assert_eq!(session["cart"], cart["cart"], "nothing is lost");
}
