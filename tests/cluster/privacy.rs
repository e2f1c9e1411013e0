//! V-25: a name, a token and an idempotency key nobody could overlook must show up nowhere but
//! where they belong.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::fault_proxy::FaultProxy;
use crate::support::{Api, Nginx, RawTab, Rig, StockTab, until};

const NAME: &str = "marked-name@marked.example";
const KEY: &str = "marked-idempotency-key";

/// Every key with its value, whatever its type.
fn redis_values(rig: &Rig) -> Vec<(String, String)> {
    let keys = rig.redis_cli(&["KEYS", "*"]);
    let keys = keys.as_array().expect("a list").iter().filter_map(Value::as_str);
    keys.map(|key| {
        let value = match rig.redis_cli(&["TYPE", key]).as_str().expect("a type") {
            "string" => rig.redis_cli(&["GET", key]),
            "hash" => rig.redis_cli(&["HGETALL", key]),
            "stream" => rig.redis_cli(&["XRANGE", key, "-", "+"]),
            "set" => rig.redis_cli(&["SMEMBERS", key]),
            "zset" => rig.redis_cli(&["ZRANGE", key, "0", "-1"]),
            other => panic!("what is a {other} at {key}?"),
        };
        (key.to_owned(), value.to_string())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn v25_names_tokens_and_keys_stay_where_they_belong() {
    let rig = Rig::new();
    let proxy = FaultProxy::start(rig.redis.port).await;
    let redis = format!("127.0.0.1:{}", proxy.port);
    // Everything the shop can be brought to say.
    let loud = [
        ("Log__Level", "trace"),
        ("Events__RetryAfter", "500ms"),
        ("ConnectionStrings__Redis", redis.as_str()),
    ];
    let web = rig.pod("web", &loud).await;
    let worker = rig.pod("worker", &loud).await;
    let front = Nginx::start(&rig, &[&web]).await;
    let api = Api::sign_in(&front.url(), NAME).await;
    let mut tab = StockTab::open(&front.url(), &api.token).await;
    let _raw = RawTab::open(web.http, &api.token).await;

    let place = async || {
        let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
        api.request(Method::POST, "/api/orders")
            .header("Idempotency-Key", KEY)
            .json(&body)
            .send()
            .await
            .expect("an answer")
    };
    let order: Value = place().await.json().await.expect("JSON");
    let id = order["correlationId"].as_str().expect("a correlation id");
    tab.event("OrderCompleted", id, "Completed").await;
    tab.invoke("RegisterOrder", json!([id])).await;
    tab.invoke("GetCurrentStatus", json!(["nonsense"])).await;
    assert_eq!(place().await.headers()["idempotency-replayed"], "true");

    let cart = json!({ "version": 1, "cart": [{ "productId": "AZ-700", "quantity": 1 }] });
    let saved = api.request(Method::PUT, "/api/session").json(&cart).send().await;
    assert!(saved.expect("an answer").status().is_success());
    let found = api.request(Method::GET, "/api/session").send().await;
    assert_eq!(found.expect("an answer").status(), 200);

    // Where things go wrong, more is said.
    let bad = format!("{}/api/orders?access_token={}&size=x", front.url(), api.token);
    assert_eq!(reqwest::get(bad).await.expect("an answer").status(), 401);
    let twisted = api
        .request(Method::GET, "/api/orders?size=x")
        .header("Cookie", NAME)
        .send()
        .await
        .expect("an answer");
    assert_eq!(twisted.status(), 400);
    rig.spoil_orders_of("LTD-001");
    let failing = api.order("LTD-001", 1).await;
    proxy.cut();
    api.order("AZ-700", 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    proxy.heal();
    api.wait_status(&failing.correlation_id, "Failed", Duration::from_secs(30)).await;
    rig.redis_cli(&["XADD", "contoso-shop:events", "*", "nonsense", "poison"]);
    until("a dead letter", Duration::from_secs(10), || async {
        (rig.redis_cli(&["XLEN", "contoso-shop:events:dead"]) == 1).then_some(())
    })
    .await;

    let metrics = async |port: u16| {
        let answer =
            reqwest::get(format!("http://127.0.0.1:{port}/metrics")).await.expect("metrics");
        answer.text().await.expect("text")
    };
    let details = reqwest::get(format!("http://127.0.0.1:{}/health/details", web.ops))
        .await
        .expect("details");
    let said = [
        ("the log of the web pod", web.log()),
        ("the log of the worker", worker.log()),
        ("the metrics of the web pod", metrics(web.ops).await),
        ("the metrics of the worker", metrics(worker.ops).await),
        ("the health report", details.text().await.expect("text")),
        ("the list of failed jobs", rig.command(&["jobs", "list"]).1),
        ("the list of dead letters", rig.command(&["dead-letters", "list"]).1),
    ];
    for (place, text) in &said {
        assert!(text.len() > 20, "{place} says something");
        for mark in [NAME, KEY, api.token.as_str()] {
            let line = text.lines().find(|line| line.contains(mark));
            assert!(line.is_none(), "{place} tells: {}", line.unwrap_or_default());
        }
    }
    let values = redis_values(&rig);
    assert!(values.iter().any(|(key, _)| key.starts_with("contoso-shop:session:")), "a session");
    assert!(
        values.iter().any(|(key, value)| key.starts_with("order:map:") && value.contains(NAME)),
        "the map has the owner"
    );
    for (key, value) in values.iter().filter(|(key, _)| !key.starts_with("order:map:")) {
        for mark in [NAME, KEY, api.token.as_str()] {
            assert!(!key.contains(mark) && !value.contains(mark), "{key} tells: {value}");
        }
    }
}
