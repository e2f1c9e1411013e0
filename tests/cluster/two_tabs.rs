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

/// Without a worker an order has one event, so exactly one pod consumes it.
#[tokio::test(flavor = "multi_thread")]
async fn v02_it_does_not_matter_which_pod_consumes() {
    let rig = Rig::new();
    // Nobody has a socket on the third.
    let pods = [rig.pod("web", &[]).await, rig.pod("web", &[]).await, rig.pod("web", &[]).await];
    let user = Api::sign_in(&pods[0].url(), "ada").await;
    let mut tabs = [
        RawTab::open(pods[0].http, &user.token).await,
        RawTab::open(pods[1].http, &user.token).await,
    ];
    let consumed = async || {
        let mut consumed = [0.0; 3];
        for (pod, consumed) in pods.iter().zip(&mut consumed) {
            *consumed = pod.metric("contoso_events_delivered_total", "").await;
        }
        consumed
    };
    let mut orders = 0.0;
    while consumed().await.contains(&0.0) {
        assert!(orders < 200.0, "a pod never consumes: {:?}", consumed().await);
        let order = user.order("AZ-700", 1).await;
        orders += 1.0;
        for tab in &mut tabs {
            let event = tab.invocation("Notification", Duration::from_secs(10)).await;
            assert_eq!(event["correlationId"], order.correlation_id.as_str());
        }
        until("the event to be consumed once", Duration::from_secs(10), || async {
            (consumed().await.iter().sum::<f64>() == orders).then_some(())
        })
        .await;
    }
    let subscribers =
        rig.redis_cli(&["PUBSUB", "NUMSUB", "contoso-signalrOrderStatusHub:user:ada"]);
    assert_eq!(subscribers[1], 2, "the pod without sockets does not subscribe to the user");
    let received = pods[2].metric("contoso_signalr_messages_received_total", "").await;
    assert_eq!(received, 0.0, "nor hears what it publishes");
}

#[tokio::test(flavor = "multi_thread")]
async fn v02_a_pod_of_another_prefix_refuses_to_start() {
    let rig = Rig::new();
    let _running = rig.pod("web", &[]).await;
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
