//! V-14: web enqueues and never works; a worker runs as many as it is told. V-09: a worker dies in
//! mid-job.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Api, Pod, Rig, StockTab, until};

#[tokio::test(flavor = "multi_thread")]
async fn v14_web_never_processes_and_a_worker_runs_eight_at_a_time() {
    let rig = Rig::new();
    let web = rig
        .pod("web", &[("HANGFIRE_PROCESSING_ENABLED", "false"), ("HANGFIRE_WORKER_COUNT", "0")])
        .await;
    let user = Api::sign_in(&web.url(), "ada").await;
    let mut orders = Vec::new();
    for _ in 0..20 {
        orders.push(user.order("AZ-700", 1).await);
    }
    assert_eq!(user.status(&orders[0].correlation_id).await.as_deref(), Some("Accepted"));

    let settings = [
        ("HANGFIRE_PROCESSING_ENABLED", "true"),
        ("HANGFIRE_WORKER_COUNT", "8"),
        ("Orders__ProcessingTime", "1s"),
    ];
    let worker = rig.pod("worker", &settings).await;
    for order in &orders {
        assert_ne!(user.status(&order.correlation_id).await.as_deref(), Some("Failed"));
    }
    let most = std::cell::Cell::new(0.0_f64);
    until("all 20 to complete", Duration::from_secs(30), || async {
        most.set(most.get().max(worker.metric("contoso_jobs_running", "").await));
        let mut open = 0;
        for order in &orders {
            if user.status(&order.correlation_id).await.as_deref() != Some("Completed") {
                open += 1;
            }
        }
        (open == 0).then_some(())
    })
    .await;
    assert!(
        (most.get() - 8.0).abs() < f64::EPSILON,
        "8 ran together and never more: {}",
        most.get()
    );
    assert!(worker.metric("contoso_jobs_processed_total", "").await >= 20.0);
    assert!(web.metric("contoso_jobs_processed_total", "").await == 0.0);

    let client = reqwest::Client::new();
    assert!(
        client.get(format!("{}/api/products", worker.url())).send().await.is_err(),
        "a worker opens no API port"
    );
    let on_ops = client
        .get(format!("http://127.0.0.1:{}/api/products", worker.ops))
        .send()
        .await
        .expect("an answer");
    assert_eq!(on_ops.status(), 404, "nor does its ops listener serve the API");
}

#[tokio::test(flavor = "multi_thread")]
async fn v09_a_killed_workers_order_is_finished_by_another_within_30_seconds() {
    let rig = Rig::new();
    let web = rig.pod("web", &[]).await;
    let first = rig.pod("worker", &[("Orders__ProcessingTime", "60s")]).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    let mut tab = StockTab::open(&web.url(), &user.token).await;
    let order = user.order("AZ-700", 1).await;
    user.wait_status(&order.correlation_id, "Processing", Duration::from_secs(10)).await;
    let second = rig.pod("worker", &[]).await;
    first.kill();
    let killed = Instant::now();
    tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
    assert!(killed.elapsed() < Duration::from_secs(30), "takeover took {:?}", killed.elapsed());
    println!("takeover after kill -9: {:?}", killed.elapsed());
    assert_eq!(tab.count("Notification", &order.correlation_id, "Completed").await, 1);
    assert!(second.metric("contoso_jobs_processed_total", "").await >= 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn v09_a_terminated_worker_hands_its_job_back_uncharged_and_at_once() {
    let rig = Rig::new();
    let web = rig.pod("web", &[]).await;
    let mut first =
        rig.pod("worker", &[("Orders__ProcessingTime", "60s"), ("Drain__JobStop", "1s")]).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    let order = user.order("AZ-700", 1).await;
    user.wait_status(&order.correlation_id, "Processing", Duration::from_secs(10)).await;
    first.signal(Signal::SIGTERM);
    let status = first.wait_exit(Duration::from_secs(15)).await;
    assert_eq!(status.code(), Some(0), "{}", first.log());
    let handed_back = Instant::now();
    let _second = rig.pod("worker", &[]).await;
    user.wait_status(&order.correlation_id, "Completed", Duration::from_secs(10)).await;
    assert!(handed_back.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn v09_a_worker_frozen_beyond_its_lease_cannot_write_any_more() {
    let rig = Rig::new();
    let fast = [("Jobs__Lease", "2s"), ("Jobs__Heartbeat", "500ms")];
    let web = rig.pod("web", &[]).await;
    let first = rig.pod("worker", &[fast[0], fast[1], ("Orders__ProcessingTime", "3s")]).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    let order = user.order("AZ-700", 1).await;
    user.wait_status(&order.correlation_id, "Processing", Duration::from_secs(10)).await;
    first.signal(Signal::SIGSTOP);
    let _second = rig.pod("worker", &fast).await;
    user.wait_status(&order.correlation_id, "Completed", Duration::from_secs(20)).await;
    first.signal(Signal::SIGCONT);
    until("the late owner to notice", Duration::from_secs(15), || async {
        (first.metric("contoso_jobs_lost_leases_total", "").await > 0.0).then_some(())
    })
    .await;
    assert_eq!(user.status(&order.correlation_id).await.as_deref(), Some("Completed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_does_not_add_up_fails_after_its_retries_and_the_tab_is_told() {
    let rig = Rig::new();
    let web = rig.pod("web", &[]).await;
    let _worker =
        rig.pod("worker", &[("Jobs__RetryBase", "50ms"), ("Jobs__MaxAttempts", "3")]).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    let mut tab = StockTab::open(&web.url(), &user.token).await;
    rig.spoil_orders_of("AZ-700");
    let order = user.order("AZ-700", 1).await;
    tab.event("Notification", &order.correlation_id, "Failed").await;
    assert_eq!(user.status(&order.correlation_id).await.as_deref(), Some("Failed"));
    assert_eq!(tab.count("OrderCompleted", &order.correlation_id, "Completed").await, 0);
}

/// Waits until a pod says this of the jobs.
async fn wait_jobs_health(pod: &Pod, status: &str, data: Value) {
    let expected = (status, &data);
    until(&format!("jobs to be {expected:?}"), Duration::from_secs(30), || async {
        let url = format!("http://127.0.0.1:{}/health/details", pod.ops);
        let details: Value = reqwest::get(url).await.ok()?.json().await.ok()?;
        let jobs = &details["components"]["jobs"];
        (jobs["status"] == status && jobs["data"] == data).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_nobody_serves_is_visible_and_orders_of_the_version_before_still_run() {
    let rig = Rig::new();
    let lease = [("Jobs__Lease", "2s"), ("Jobs__Heartbeat", "500ms")];
    let web = rig.pod("web", &lease).await;
    let narrow = rig.pod("worker", &[&lease[..], &[("HANGFIRE_QUEUES", "reports")]].concat()).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    let orders = [user.order("AZ-700", 1).await, user.order("AZ-700", 1).await];
    let two_wait = json!({ "servers": 1, "unservedQueues": { "orders": 2 } });
    wait_jobs_health(&web, "degraded", two_wait).await;
    assert!(web.metric("contoso_jobs_unserved", "queue=\"orders\"").await >= 2.0);
    until("a warning", Duration::from_secs(15), || async {
        web.log().contains("no job server serves this queue").then_some(())
    })
    .await;

    // Where the version before put its orders.
    let store = Connection::open(rig.path("shop.db")).expect("the store");
    store.busy_timeout(Duration::from_secs(5)).expect("a timeout");
    store
        .execute_batch(
            "BEGIN IMMEDIATE;
             UPDATE JobReady SET Queue = 'default' WHERE JobId = (SELECT min(Id) FROM Job);
             UPDATE Job SET Queue = 'default' WHERE Id = (SELECT min(Id) FROM Job);
             COMMIT",
        )
        .expect("moved");
    let worker = rig.pod("worker", &lease).await;
    for order in &orders {
        user.wait_status(&order.correlation_id, "Completed", Duration::from_secs(15)).await;
    }
    wait_jobs_health(&web, "healthy", json!({ "servers": 2, "unservedQueues": {} })).await;
    narrow.kill();
    worker.kill();
    wait_jobs_health(&web, "degraded", json!({ "servers": 0, "unservedQueues": {} })).await;
}
