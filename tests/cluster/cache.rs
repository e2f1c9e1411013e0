//! V-16: what one pod writes the other one's cache shows within a second, also when it missed the
//! notice.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::support::{Api, Rig, until};

/// Orders of all statuses, as the report says.
async fn reported(admin: &Api) -> u64 {
    let answer =
        admin.request(Method::GET, "/api/reports/status-counts").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let report: Value = answer.json().await.expect("JSON");
    report["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|line| line["orders"].as_u64())
        .sum()
}

/// Waits until both pods report so many orders; how long it took.
async fn until_fresh(pods: [&Api; 2], orders: u64, deadline: Duration) -> Duration {
    let start = Instant::now();
    for pod in pods {
        until(&format!("{orders} orders in the report"), deadline, || async {
            (reported(pod).await == orders).then_some(())
        })
        .await;
    }
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn v16_a_write_through_one_pod_is_seen_through_the_other() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let b = rig.pod("web", &[]).await;
    let admin_a = Api::with_token(&a.url(), &rig.admin_token());
    let admin_b = admin_a.at(&b.url());
    let user = Api::sign_in(&a.url(), "ada").await;
    let pods = [&admin_a, &admin_b];

    assert_eq!((reported(&admin_a).await, reported(&admin_b).await), (0, 0));
    for _ in 0..20 {
        reported(&admin_b).await;
    }
    let hits = b.metric("contoso_cache_requests_total", "result=\"local\"").await;
    assert!(hits >= 20.0, "B answers from its own tier: {hits}");
    assert!(
        b.metric("contoso_cache_requests_total", "result=\"shared\"").await >= 1.0,
        "and took it from A's load"
    );

    for orders in 1..=3 {
        user.order("AZ-700", 1).await;
        let took = until_fresh(pods, orders, Duration::from_secs(5)).await;
        println!("fresh on both pods after {took:?}");
        // A write within a second of the last one waits for the rest of it.
        assert!(took < Duration::from_millis(2_000), "{took:?}");
    }

    // Every subscriber is cut, again and again, while an order is written: its notice is lost, the
    // gap is not.
    let cutting = async {
        for _ in 0..10 {
            rig.redis_cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let writing = async {
        for _ in 0..5 {
            user.order("AZ-700", 1).await;
        }
    };
    tokio::join!(cutting, writing);
    let took = until_fresh(pods, 8, Duration::from_secs(10)).await;
    println!("fresh on both pods {took:?} after the subscribers were cut");
    assert!(took < Duration::from_secs(10), "much sooner than the local tier's 30 s: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_follows_an_order_that_a_worker_starts() {
    let rig = Rig::new();
    let web = rig.pod("web", &[]).await;
    let admin = Api::with_token(&web.url(), &rig.admin_token());
    Api::sign_in(&web.url(), "ada").await.order("AZ-700", 1).await;
    let standing = async |status: &str| {
        let path = "/api/reports/status-counts";
        let answer = admin.request(Method::GET, path).send().await.expect("an answer");
        let report: Value = answer.json().await.expect("JSON");
        let lines = report["items"].as_array().expect("items");
        let line = lines.iter().find(|line| line["status"] == status).expect("a line");
        (line["orders"] == 1).then_some(())
    };
    until("the order in the report", Duration::from_secs(5), || standing("Accepted")).await;
    let _worker = rig.pod("worker", &[("Orders__ProcessingTime", "60s")]).await;
    // Much sooner than the report would be read anew by itself.
    until("it to be in Processing", Duration::from_secs(10), || standing("Processing")).await;
}
