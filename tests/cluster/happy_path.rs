//! V-01: one tab, one order, with redis-cli's view beside it. V-14: who works and who does not.

use std::time::Duration;

use fred::prelude::*;
use serde_json::json;

use crate::support::{Api, Nginx, RawTab, Rig, StockTab};

#[tokio::test(flavor = "multi_thread")]
async fn v01_an_order_goes_from_checkout_to_toast() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let b = rig.pod("web", &[]).await;
    let worker = rig.pod("worker", &[("Orders__ProcessingTime", "400ms")]).await;
    let front = Nginx::start(&rig, &[&a, &b]).await;
    let watcher = fred::clients::SubscriberClient::new(
        Config::from_url(&format!("redis://127.0.0.1:{}", rig.redis.port)).expect("a URL"),
        None,
        None,
        None,
    );
    watcher.init().await.expect("Redis answers");
    let mut published = watcher.message_rx();
    watcher.psubscribe("contoso-signalr*").await.expect("subscribed");

    let user = Api::sign_in(&front.url(), "ada").await;
    let mut tab = StockTab::open(&front.url(), &user.token).await;
    let order = user.order("AZ-700", 2).await;
    assert_eq!(order.body["status"], "Accepted");
    assert_eq!(order.body["items"][0]["productId"], "AZ-700");

    let map = format!("order:map:{}", order.correlation_id);
    let status = format!("order:status:{}", order.correlation_id);
    assert_eq!(rig.redis_cli(&["GET", &map]), "ada");
    for key in [&map, &status] {
        let ttl = rig.redis_cli(&["TTL", key]).as_i64().expect("seconds");
        assert!((1..=1800).contains(&ttl), "{key} lives {ttl} s");
    }

    let mut words = Vec::new();
    let start = std::time::Instant::now();
    loop {
        let word = rig.redis_cli(&["GET", &status]).as_str().expect("a word").to_owned();
        if words.last() != Some(&word) {
            words.push(word.clone());
        }
        if word == "COMPLETED" {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(15), "the status went only {words:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let path = ["ACCEPTED", "PROCESSING", "COMPLETED"];
    assert!(
        path.ends_with(&words.iter().map(String::as_str).collect::<Vec<_>>()),
        "the status went {words:?}"
    );
    assert!(words.len() >= 2, "PROCESSING was to be seen for 400 ms: {words:?}");

    let completed = tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
    assert_eq!(completed["orderId"], order.id);
    assert!(completed["eventId"].is_string() && completed["occurredAt"].is_string(), "{completed}");
    tab.event("Notification", &order.correlation_id, "Processing").await;
    assert_eq!(
        tab.event("Notification", &order.correlation_id, "Completed").await["eventId"],
        completed["eventId"]
    );
    assert_eq!(tab.count("OrderCompleted", &order.correlation_id, "Completed").await, 1);

    let seen = tokio::time::timeout(Duration::from_secs(5), async {
        loop {
            let message = published.recv().await.expect("a message");
            if message.channel.ends_with(":user:ada") {
                return message.channel.to_string();
            }
        }
    })
    .await
    .expect("PSUBSCRIBE contoso-signalr* sees the backplane");
    assert_eq!(seen, "contoso-signalrOrderStatusHub:user:ada");
    assert_eq!(worker.ops_status("/health/ready").await, Some(200));

    let log = front.access_log();
    assert!(!log.contains("/negotiate"), "skipNegotiation makes no negotiate request");
}

#[tokio::test(flavor = "multi_thread")]
async fn v01_a_browser_style_tab_and_a_negotiating_client_are_told_too() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let b = rig.pod("web", &[]).await;
    let _worker = rig.pod("worker", &[]).await;
    let front = Nginx::start(&rig, &[&a, &b]).await;
    let user = Api::sign_in(&front.url(), "grace").await;
    let mut raw = RawTab::open(front.port, &user.token).await;
    // Round robin sends the negotiate request and the upgrade to different pods: no affinity is
    // needed.
    let mut negotiating = StockTab::open_negotiating(&front.url(), &user.token).await;
    assert!(front.access_log().contains("/negotiate"));

    let order = user.order("AZ-700", 1).await;
    let completed = raw.invocation("OrderCompleted", Duration::from_secs(10)).await;
    assert_eq!(completed["correlationId"], order.correlation_id.as_str());
    negotiating.event("OrderCompleted", &order.correlation_id, "Completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v06_an_order_that_completes_while_the_tab_is_away_is_found_by_asking() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let _worker = rig.pod("worker", &[("Orders__ProcessingTime", "300ms")]).await;
    let user = Api::sign_in(&a.url(), "ada").await;
    let tab = StockTab::open(&a.url(), &user.token).await;
    let order = user.order("AZ-700", 1).await;
    drop(tab);
    user.wait_status(&order.correlation_id, "Completed", Duration::from_secs(15)).await;

    let mut back = StockTab::open(&a.url(), &user.token).await;
    let registered = back.invoke("RegisterOrder", json!([order.correlation_id])).await;
    assert_eq!(registered["event"], "result", "{registered}");
    let current = back.invoke("GetCurrentStatus", json!([order.correlation_id])).await;
    assert_eq!(current["result"]["status"], "Completed", "{current}");
    assert_eq!(current["result"]["orderId"], order.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn v06_a_tab_whose_pod_dies_comes_back_by_itself_and_catches_up() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let b = rig.pod("web", &[]).await;
    let _worker = rig.pod("worker", &[("Orders__ProcessingTime", "300ms")]).await;
    let front = Nginx::start(&rig, &[&a, &b]).await;
    let user = Api::sign_in(&b.url(), "ada").await;
    let mut tab = StockTab::open(&front.url(), &user.token).await;
    let holds_a = a.metric("contoso_signalr_connections", "").await > 0.0;
    let (victim, survivor) = if holds_a { (a, b) } else { (b, a) };
    let user = Api::sign_in(&survivor.url(), "ada").await;
    let order = user.order("AZ-700", 1).await;
    victim.kill();
    tab.wait(Duration::from_secs(15), |line| line["event"] == "reconnected").await;
    user.wait_status(&order.correlation_id, "Completed", Duration::from_secs(15)).await;
    let current = tab.invoke("GetCurrentStatus", json!([order.correlation_id])).await;
    assert_eq!(current["result"]["status"], "Completed", "{current}");
    assert!(
        survivor.metric("contoso_signalr_connections", "").await > 0.0,
        "the tab is on the other pod now"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_for_an_order_renews_the_life_of_its_keys() {
    let rig = Rig::new();
    let web = rig.pod("web", &[]).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    let order = user.order("AZ-700", 1).await.correlation_id;
    let keys = ["order:map", "order:status"].map(|name| format!("{name}:{order}"));
    for key in &keys {
        assert_eq!(rig.redis_cli(&["EXPIRE", key, "10"]), 1, "{key}");
    }
    let mut tab = RawTab::open(web.http, &user.token).await;
    let call =
        json!({ "type": 1, "invocationId": "1", "target": "RegisterOrder", "arguments": [order] });
    tab.send(&call.to_string()).await;
    let answer = tab.next(Duration::from_secs(5)).await;
    assert_eq!((&answer["type"], &answer["error"]), (&json!(3), &json!(null)), "{answer}");
    for key in &keys {
        let ttl = rig.redis_cli(&["TTL", key]).as_i64().expect("seconds");
        assert!(ttl > 1_000, "{key} lives {ttl} s");
    }
}
