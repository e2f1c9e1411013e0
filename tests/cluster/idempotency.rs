//! V-12: one key, one order.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, Rig};

#[tokio::test(flavor = "multi_thread")]
async fn v12_fifty_requests_with_one_key_on_two_pods_make_one_order() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let b = rig.pod("web", &[]).await;
    let callers = [Api::sign_in(&a.url(), "ada").await, Api::sign_in(&b.url(), "ada").await];
    let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
    let send = |caller: &Api, key: &str, body: &Value| {
        caller.request(Method::POST, "/api/orders").header("Idempotency-Key", key).json(body).send()
    };

    let answers =
        futures_util::future::join_all((0..50).map(|n| send(&callers[n % 2], "checkout-1", &body)))
            .await;
    let mut bodies = Vec::new();
    for answer in answers {
        let answer = answer.expect("an answer");
        match answer.status().as_u16() {
            201 => bodies.push(answer.text().await.expect("a body")),
            409 => assert!(answer.headers().contains_key("retry-after")),
            other => panic!("unexpected status {other}"),
        }
    }
    assert!(!bodies.is_empty());
    assert!(bodies.iter().all(|body| body == &bodies[0]), "every replay is the first answer");

    let again = send(&callers[1], "checkout-1", &body).await.expect("an answer");
    assert_eq!(again.status(), 201);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.text().await.expect("a body"), bodies[0]);

    let other = json!({ "items": [{ "productId": "AZ-700", "quantity": 2 }] });
    assert_eq!(send(&callers[0], "checkout-1", &other).await.expect("an answer").status(), 422);

    let list: Value = callers[0]
        .request(Method::GET, "/api/orders")
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(list["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn v12_keys_hold_while_redis_is_gone() {
    let mut rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let caller = Api::sign_in(&a.url(), "ada").await;
    rig.redis.stop();
    let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
    let mut ids = Vec::new();
    for _ in 0..3 {
        let request =
            caller.request(Method::POST, "/api/orders").header("Idempotency-Key", "k").json(&body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 201, "an order is accepted without Redis");
        if ids.is_empty() {
            assert_eq!(answer.headers()["x-degraded"], "redis");
        }
        ids.push(answer.json::<Value>().await.expect("JSON")["id"].clone());
    }
    assert!(ids.iter().all(|id| id == &ids[0]), "{ids:?}");
}
