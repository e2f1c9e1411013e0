//! V-08: the system of record is out, then slow. Its file is locked from outside, as SQLite's own
//! locks do it, so that neither reads nor writes get through.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, Customer, Pod, Rig, SqlOutage, StockTab, until};

/// Short, so that an outage shows soon.
const QUICK: (&str, &str) = ("Resilience__Sql__CallDeadline", "1s");
/// V-08: the breaker's open time and 5 s.
const RECOVERED: Duration = Duration::from_secs(7);

async fn breaker_is(pod: &Pod, state: &str) {
    let labels = format!("dependency=\"sql\",state=\"{state}\"");
    let what = format!("the SQL breaker to be {state}");
    until(&what, Duration::from_secs(15), || async {
        (pod.metric("contoso_breaker_state", &labels).await > 0.0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v08_without_sql_the_hub_stays_and_what_can_be_answered_is() {
    let rig = Rig::new();
    let web = rig.pod("web", &[QUICK]).await;
    let worker = rig.pod("worker", &[QUICK]).await;
    let api = Api::sign_in(&web.url(), "ada").await;
    let mut tab = StockTab::open(&web.url(), &api.token).await;
    let early = api.order("AZ-700", 1).await;
    tab.event("OrderCompleted", &early.correlation_id, "Completed").await;
    let catalogue = api.request(Method::GET, "/api/products").send().await.expect("an answer");
    let catalogue: Value = catalogue.json().await.expect("JSON");

    let customer = Customer::enter(api.clone());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let outage = SqlOutage::begin(&rig.path("shop.db")).await;
    let began = Instant::now();
    breaker_is(&web, "open").await;
    breaker_is(&worker, "open").await;
    println!("SQL out: both breakers open after {:?}", began.elapsed());

    // Writes are refused fast, with a time to come back. One call may be the probe, so the fastest
    // of a few counts.
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
        let request = api
            .request(Method::POST, "/api/orders")
            .header("Idempotency-Key", "only-once")
            .json(&body);
        let refused = request.send().await.expect("an answer");
        fastest = fastest.min(start.elapsed());
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after"));
        let problem: Value = refused.json().await.expect("JSON");
        assert_eq!(problem["type"], "urn:contoso-shop:problem:unavailable", "{problem}");
    }
    println!("SQL out: the fastest of 5 refusals took {fastest:?}");
    assert!(
        fastest < Duration::from_millis(20),
        "an open breaker answers at once (S1-Res-1): {fastest:?}"
    );

    // The catalogue comes from the cache, a status from Redis.
    let cached: Value = api
        .request(Method::GET, "/api/products")
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(cached, catalogue);
    let path = format!("/api/orders/by-correlation/{}/status", early.correlation_id);
    let polled = api.request(Method::GET, &path).send().await.expect("an answer");
    assert_eq!(
        (polled.status().as_u16(), &polled.headers()["x-degraded"]),
        (200, &"sql".parse().expect("a value"))
    );
    assert_eq!(polled.json::<Value>().await.expect("JSON")["status"], "Completed");
    let asked = tab.invoke("GetCurrentStatus", json!([early.correlation_id])).await;
    assert_eq!(asked["result"]["status"], "Completed", "{asked}");

    // Nobody is sent away, and operators can see why.
    assert_eq!(web.ops_status("/health/ready").await, Some(200));
    assert_eq!(web.ops_status("/health/details").await, Some(503));
    assert_eq!(worker.ops_status("/health/ready").await, Some(200));

    tokio::time::sleep(Duration::from_secs(4).saturating_sub(began.elapsed())).await;
    let lasted = began.elapsed();
    drop(outage);
    let back = Instant::now();
    breaker_is(&web, "closed").await;
    breaker_is(&worker, "closed").await;
    let recovery = back.elapsed();
    let tally = customer.leave().await;
    println!("SQL out for {lasted:?}: {tally}; recovered {recovery:?} after its end");
    assert!(recovery <= RECOVERED, "{recovery:?}");
    assert_eq!(tally.bad_refusals, 0);
    assert!(tally.posts.keys().all(|status| [201, 503].contains(status)), "{tally}");
    tally.reconcile(&api, 1, Duration::from_secs(20)).await;
    for order in &tally.accepted {
        tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
        assert_eq!(tab.count("OrderCompleted", &order.correlation_id, "Completed").await, 1);
    }
    assert!(
        !tab.seen.iter().any(|line| line["event"] == "reconnecting"),
        "the hub connection stayed"
    );
    assert_eq!(
        worker.metric("contoso_jobs_lost_leases_total", "").await,
        0.0,
        "no worker lost its jobs"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn v08_slow_sql_delays_and_refuses_nothing() {
    let rig = Rig::new();
    let web = rig.pod("web", &[]).await;
    let _worker = rig.pod("worker", &[]).await;
    let api = Api::sign_in(&web.url(), "ada").await;
    let customer = Customer::enter(api.clone());
    for _ in 0..8 {
        let outage = SqlOutage::begin(&rig.path("shop.db")).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        drop(outage);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let tally = customer.leave().await;
    println!("SQL slow: {tally}");
    assert_eq!(tally.posts.keys().collect::<Vec<_>>(), [&201]);
    tally.reconcile(&api, 0, Duration::from_secs(20)).await;
}
