//! Case 4 of seed 2 at the level of one pod: the marker, SIGTERM, the way back.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{Api, Nginx, Rig, StockTab, until};

#[tokio::test(flavor = "multi_thread")]
async fn v04_the_marker_makes_a_pod_not_ready_but_closes_nothing() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let _worker = rig.pod("worker", &[]).await;
    let user = Api::sign_in(&a.url(), "ada").await;
    let mut tab = StockTab::open(&a.url(), &user.token).await;

    std::fs::write(a.drain_file(), "").expect("the marker");
    assert_eq!(a.ops_status("/health/ready").await, Some(503), "the first probe after the marker");
    assert_eq!(a.ops_status("/health/live").await, Some(200));
    let order = user.order("AZ-700", 1).await;
    tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
    let late = StockTab::open(&a.url(), &user.token).await;
    assert!(!tab.seen.iter().any(|line| line["event"] == "reconnecting"), "{:?}", tab.seen);
    drop(late);

    std::fs::remove_file(a.drain_file()).expect("the marker goes");
    until("the pod to be ready again", Duration::from_secs(5), || async {
        (a.ops_status("/health/ready").await == Some(200)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v04_sigterm_sends_the_tabs_elsewhere_and_exits_with_0() {
    let rig = Rig::new();
    let mut a = rig.pod("web", &[]).await;
    let _worker = rig.pod("worker", &[]).await;
    let user = Api::sign_in(&a.url(), "ada").await;
    // The only pod is the one that will go, so the tab is surely there; the other one starts behind
    // the same door.
    let b = rig.pod("web", &[]).await;
    let front = Nginx::start(&rig, &[&a, &b]).await;
    let mut tabs = [
        StockTab::open(&front.url(), &user.token).await,
        StockTab::open_with_stock_policy(&front.url(), &user.token).await,
    ];
    let on_a = a.metric("contoso_signalr_connections", "").await;
    assert!(on_a >= 1.0, "round robin put a tab on A: {on_a}");
    let start = Instant::now();
    a.signal(Signal::SIGTERM);
    let status = a.wait_exit(Duration::from_secs(20)).await;
    assert_eq!(status.code(), Some(0), "{}", a.log());
    println!("exit after SIGTERM: {:?}", start.elapsed());
    until("both tabs to be on B", Duration::from_secs(10), || async {
        (b.metric("contoso_signalr_connections", "").await >= 2.0).then_some(())
    })
    .await;
    let order = Api::sign_in(&b.url(), "ada").await.order("AZ-700", 1).await;
    for tab in &mut tabs {
        tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
        assert!(
            !tab.seen.iter().any(|line| line["event"] == "closed"),
            "nobody was sent away for good: {:?}",
            tab.seen
        );
    }
}
