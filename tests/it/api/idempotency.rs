use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::doubles::Mood;
use super::server::{Server, keyboard};
use crate::support::wait::until;

#[tokio::test]
async fn v12_a_repeated_request_gets_the_first_answer() {
    let server = Server::start().await;
    let first = server.post("ann", Some("k1"), &keyboard(2)).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let spelled_otherwise = json!({ "items": [{ "quantity": 1, "productId": "KB-100" }, { "productId": "KB-100", "quantity": 1 }] });
    for body in [keyboard(2), spelled_otherwise] {
        let again = server.post("ann", Some("k1"), &body).await.expect(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("location"), first.header("location"));
    }
    assert_eq!(
        server.post("ann", Some("k1"), &keyboard(3)).await.expect(422).kind(),
        "idempotency-key-reused"
    );
    assert_eq!(server.get("ann", "/api/orders").await.expect(200).body["total"], 1);
    // A key belongs to one user.
    let other = server.post("bob", Some("k1"), &keyboard(3)).await.expect(201);
    assert_eq!(other.header("idempotency-replayed"), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v12_fifty_at_once_make_one_order() {
    let server = Server::start().await;
    let body = keyboard(1);
    let answers = join_all((0..50).map(|_| server.post("ann", Some("k"), &body))).await;
    let fresh = answers
        .iter()
        .filter(|a| a.status == 201 && a.header("idempotency-replayed").is_empty())
        .count();
    assert_eq!(fresh, 1);
    for answer in &answers {
        assert!(
            answer.status == 201 || (answer.status == 409 && answer.header("retry-after") == "1"),
            "{}",
            answer.body
        );
    }
    assert_eq!(server.get("ann", "/api/orders").await.expect(200).body["total"], 1);
}

#[tokio::test]
async fn v12_while_the_first_runs_the_second_is_told_to_wait() {
    let server = Server::start().await;
    server.orders.set(Mood::Held);
    let body = keyboard(1);
    let first = server.post("ann", Some("k"), &body);
    let second = async {
        until("the first request", Duration::from_secs(5), async || {
            (server.orders.entered() == 1).then_some(())
        })
        .await;
        let second = server.post("ann", Some("k"), &body).await;
        server.orders.set(Mood::Well);
        second
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(second.expect(409).kind(), "request-in-progress");
    let first = first.expect(201);
    assert_eq!(server.post("ann", Some("k"), &body).await.expect(201).body, first.body);
}

#[tokio::test]
async fn v12_a_failed_attempt_leaves_the_key_free() {
    let server = Server::start().await;
    server
        .post("ann", Some("k"), &json!({ "items": [{ "productId": "NO-1", "quantity": 1 }] }))
        .await
        .expect(404);
    server.orders.set(Mood::Out);
    server.post("ann", Some("k"), &keyboard(1)).await.expect(503);
    server.orders.set(Mood::Well);
    server.post("ann", Some("k"), &keyboard(1)).await.expect(201);
}

#[tokio::test]
async fn a_malformed_key_is_refused() {
    let server = Server::start().await;
    for key in ["", "a b", "\u{7f}", "clé", &"x".repeat(129)] {
        let Ok(value) = reqwest::header::HeaderValue::from_bytes(key.as_bytes()) else { continue };
        let request = server.client.request(Method::POST, format!("{}/api/orders", server.base));
        let request = request
            .bearer_auth(server.token("ann"))
            .json(&keyboard(1))
            .header("idempotency-key", value);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 400, "{key:?}");
        let body: serde_json::Value = answer.json().await.expect("JSON");
        assert!(body["errors"]["Idempotency-Key"][0].is_string(), "{body}");
    }
    server.post("ann", Some(&"x".repeat(128)), &keyboard(1)).await.expect(201);
}

#[tokio::test]
async fn an_outage_does_not_promise_that_an_order_without_a_key_was_not_stored() {
    let server = Server::start().await;
    server.orders.set(Mood::Out);
    let bare = server.post("ann", None, &keyboard(1)).await.expect(503);
    let detail = bare.body["detail"].as_str().expect("text");
    assert!(detail.contains("may have been carried out"), "{detail}");
    assert!(!detail.to_lowercase().contains("nothing was lost"), "{detail}");
    let keyed = server.post("ann", Some("k-1"), &keyboard(1)).await.expect(503);
    let detail = keyed.body["detail"].as_str().expect("text");
    assert!(detail.contains("same Idempotency-Key"), "{detail}");
    let read = server.get("ann", "/api/orders").await.expect(503);
    assert!(read.body["detail"].as_str().expect("text").ends_with("try again."));
}
