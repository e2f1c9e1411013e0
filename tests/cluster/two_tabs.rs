//! V-02: two tabs on two pods, each told exactly once. V-10: events twice and out of order.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Api, RawTab, Rig, StockTab, until};

#[tokio::test(flavor = "multi_thread")]
async fn v02_each_tab_of_a_user_is_told_once_and_a_stranger_never() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let b = rig.pod("web", &[]).await;
    let _worker = rig.pod("worker", &[]).await;
    let user = Api::sign_in(&a.url(), "ada").await;
    let stranger = Api::sign_in(&b.url(), "mallory").await;
    let mut tab1 = StockTab::open(&a.url(), &user.token).await;
    let mut tab2 = StockTab::open(&b.url(), &user.token).await;
    let mut other = StockTab::open(&b.url(), &stranger.token).await;

    let subscribers =
        rig.redis_cli(&["PUBSUB", "NUMSUB", "contoso-signalrOrderStatusHub:user:ada"]);
    assert_eq!(subscribers[1], 2, "both hub pods subscribe to the user");

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

    let unknown =
        other.invoke("GetCurrentStatus", json!(["0192f000-0000-7000-8000-000000000000"])).await;
    let order = user.order("AZ-700", 1).await;
    let foreign = other.invoke("GetCurrentStatus", json!([order.correlation_id])).await;
    assert_eq!(unknown["result"], json!(null));
    assert_eq!(
        foreign["result"], unknown["result"],
        "a stranger's order looks like an unknown one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn v02_it_does_not_matter_which_pod_consumes_and_another_prefix_is_refused() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let _worker = rig.pod("worker", &[]).await;
    let user = Api::sign_in(&a.url(), "ada").await;
    let mut tab = RawTab::open(a.http, &user.token).await;
    // At first only A can consume.
    let order = user.order("AZ-700", 1).await;
    let first = tab.invocation("OrderCompleted", Duration::from_secs(10)).await;
    assert_eq!(first["correlationId"], order.correlation_id.as_str());

    // Then either may, and each tab hears it whoever did.
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

    // A pod under another prefix would take events of the group and tell nobody, so it refuses to
    // start.
    let mut apart = rig.pod_starting("web", &[("SignalR__ChannelPrefix", "elsewhere")]);
    let status = apart.wait_exit(Duration::from_secs(15)).await;
    assert_ne!(status.code(), Some(0));
    assert!(apart.log().contains("SignalR__ChannelPrefix"), "{}", apart.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn v10_a_repeated_event_changes_nothing_and_toasts_once() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let b = rig.pod("web", &[]).await;
    let worker = rig.pod("worker", &[]).await;
    let user = Api::sign_in(&a.url(), "ada").await;
    let mut tabs =
        [StockTab::open(&a.url(), &user.token).await, StockTab::open(&b.url(), &user.token).await];
    // What is delivered is soon trimmed; here it stays to be read.
    rig.redis_cli(&["ACL", "SETUSER", "default", "-xtrim"]);
    let order = user.order("AZ-700", 1).await;
    for tab in &mut tabs {
        tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
    }

    // Append every stream entry again, twice, newest first.
    let keys = rig.redis_cli(&["KEYS", "contoso-shop:*"]);
    let names: Vec<&str> =
        keys.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let streams: Vec<&str> =
        names.into_iter().filter(|name| rig.redis_cli(&["TYPE", name]) == "stream").collect();
    assert_eq!(streams.len(), 1, "one event stream and no dead letters: {streams:?}");
    let entries = rig.redis_cli(&["XREVRANGE", streams[0], "+", "-"]);
    let entries: Vec<&Value> = entries.as_array().expect("a list").iter().collect();
    assert!(entries.len() >= 3, "{entries:?}");
    for _ in 0..2 {
        for entry in &entries {
            let fields = entry[1].as_array().expect("fields").iter().filter_map(Value::as_str);
            let command: Vec<&str> = ["XADD", streams[0], "*"].into_iter().chain(fields).collect();
            assert!(rig.redis_cli(&command).is_string());
        }
    }
    until("all entries to be consumed", Duration::from_secs(10), || async {
        let groups = rig.redis_cli(&["XINFO", "GROUPS", streams[0]]);
        (groups[0]["lag"] == 0 && groups[0]["pending"] == 0).then_some(())
    })
    .await;
    for tab in &mut tabs {
        assert_eq!(tab.count("OrderCompleted", &order.correlation_id, "Completed").await, 1);
        assert_eq!(tab.count("Notification", &order.correlation_id, "Completed").await, 1);
    }
    let status = rig.redis_cli(&["GET", &format!("order:status:{}", order.correlation_id)]);
    assert_eq!(status, "COMPLETED", "a late PROCESSING never takes it back");
    assert!(worker.metric("contoso_jobs_processed_total", "order.accepted").await >= 1.0);
}
