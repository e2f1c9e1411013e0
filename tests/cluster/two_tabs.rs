//! V-02: two tabs on two pods, each told exactly once. V-10: events twice and out of order.

use std::time::Duration;

use fred::prelude::*;
use serde_json::json;

use crate::support::{Api, RawTab, Rig, StockTab, until};

#[tokio::test(flavor = "multi_thread")]
async fn v02_each_tab_of_a_user_is_told_once_and_a_stranger_never() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let b = rig.pod("web", &[]).await;
    let _worker = rig.pod("worker", &[]).await;
    let redis = rig.redis().await;
    let user = Api::sign_in(&a.url(), "ada").await;
    let stranger = Api::sign_in(&b.url(), "mallory").await;
    let mut tab1 = StockTab::open(&a.url(), &user.token).await;
    let mut tab2 = StockTab::open(&b.url(), &user.token).await;
    let mut other = StockTab::open(&b.url(), &stranger.token).await;

    let subscribers: Vec<(String, u64)> =
        redis.pubsub_numsub::<Vec<(String, u64)>, _>("contoso-signalrOrderStatusHub:user:ada").await.expect("NUMSUB");
    assert_eq!(subscribers[0].1, 2, "both hub pods subscribe to the user");

    for round in 0..100 {
        let placed_on = if round % 2 == 0 { &a } else { &b };
        let api = Api::sign_in(&placed_on.url(), "ada").await;
        let order = api.order("AZ-700", 1).await;
        tab1.event("OrderCompleted", &order.correlation_id, "Completed").await;
        tab2.event("OrderCompleted", &order.correlation_id, "Completed").await;
        assert_eq!(tab1.count("OrderCompleted", &order.correlation_id, "Completed").await, 1);
        assert_eq!(tab2.count("OrderCompleted", &order.correlation_id, "Completed").await, 1);
        assert_eq!(other.count("OrderCompleted", &order.correlation_id, "Completed").await, 0);
    }
    assert!(!other.seen.iter().any(|line| line["payload"].is_object()), "{:?}", other.seen);

    let unknown = other.invoke("GetCurrentStatus", json!(["0192f000-0000-7000-8000-000000000000"])).await;
    let order = user.order("AZ-700", 1).await;
    let foreign = other.invoke("GetCurrentStatus", json!([order.correlation_id])).await;
    assert_eq!(unknown["result"], json!(null));
    assert_eq!(foreign["result"], unknown["result"], "a stranger's order looks like an unknown one");
}

#[tokio::test(flavor = "multi_thread")]
async fn v02_whichever_pod_consumes_and_whatever_the_prefix() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let _worker = rig.pod("worker", &[]).await;
    let user = Api::sign_in(&a.url(), "ada").await;
    let mut tab = RawTab::open(a.http, &user.token).await;
    // Only A consumes, then only B, then B although its prefix silences it: events of another prefix never reach A's tab.
    let order = user.order("AZ-700", 1).await;
    let first = tab.invocation("OrderCompleted", Duration::from_secs(10)).await;
    assert_eq!(first["correlationId"], order.correlation_id.as_str());

    let b = rig.pod("web", &[]).await;
    let mut on_b = RawTab::open(b.http, &user.token).await;
    let mut consumed = false;
    for _ in 0..40 {
        let order = user.order("AZ-700", 1).await;
        for tab in [&mut tab, &mut on_b] {
            let event = tab.invocation("OrderCompleted", Duration::from_secs(10)).await;
            assert_eq!(event["correlationId"], order.correlation_id.as_str());
        }
        let by_a = a.metric("contoso_signalr_messages_published_total", "").await;
        let by_b = b.metric("contoso_signalr_messages_published_total", "").await;
        if by_a > 0.0 && by_b > 0.0 {
            consumed = true;
            break;
        }
    }
    assert!(consumed, "both pods take events of the one consumer group");
}

#[tokio::test(flavor = "multi_thread")]
async fn v10_a_repeated_event_changes_nothing_and_toasts_once() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let b = rig.pod("web", &[]).await;
    let worker = rig.pod("worker", &[]).await;
    let redis = rig.redis().await;
    let user = Api::sign_in(&a.url(), "ada").await;
    let mut tabs = [StockTab::open(&a.url(), &user.token).await, StockTab::open(&b.url(), &user.token).await];
    let order = user.order("AZ-700", 1).await;
    for tab in &mut tabs {
        tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
    }

    // Replay every stream entry twice, newest first.
    let keys: Vec<String> = redis.custom(cmd!("KEYS"), vec!["contoso-shop:*"]).await.expect("KEYS");
    let mut streams = Vec::new();
    for key in keys {
        let kind: String = redis.custom(cmd!("TYPE"), vec![key.clone()]).await.expect("TYPE");
        if kind == "stream" {
            streams.push(key);
        }
    }
    assert_eq!(streams.len(), 1, "one event stream and no dead letters: {streams:?}");
    let stream = streams.remove(0);
    let entries: Vec<(String, Vec<(String, String)>)> = redis.xrevrange_values(&stream, "+", "-", None).await.expect("the entries");
    assert!(entries.len() >= 2, "{entries:?}");
    for _ in 0..2 {
        for (_, fields) in &entries {
            let _: String = redis.xadd(&stream, false, None, "*", fields.clone()).await.expect("XADD");
        }
    }
    until("all entries to be consumed", Duration::from_secs(10), || async {
        let pending: Vec<Value> = redis.custom(cmd!("XINFO"), vec!["GROUPS", stream.as_str()]).await.expect("XINFO");
        let text = format!("{pending:?}");
        let position = text.find("lag").map(|at| text[at..].chars().take(40).collect::<String>())?;
        (position.contains("Integer(0)") && text.contains("pending")).then_some(())
    })
    .await;
    for tab in &mut tabs {
        assert_eq!(tab.count("OrderCompleted", &order.correlation_id, "Completed").await, 1);
        assert_eq!(tab.count("Notification", &order.correlation_id, "Completed").await, 1);
    }
    let status: String = redis.get(format!("order:status:{}", order.correlation_id)).await.expect("the status");
    assert_eq!(status, "COMPLETED", "a late PROCESSING never takes it back");
    assert!(worker.metric("contoso_jobs_processed_total", "order.accepted").await >= 1.0);
}
