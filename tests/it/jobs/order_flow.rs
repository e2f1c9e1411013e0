//! `order.accepted` from the commit of the order to its end (X-06, V-09, V-10).

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use contoso_shop::app::{ProcessOrderRequest, RequeueOutcome};
use contoso_shop::domain::OrderStatus::{Accepted, Cancelled, Completed, Failed, Processing};
use contoso_shop::domain::{EventId, JobId, JobState, ServerId, Sku};
use contoso_shop::ports::{Advanced, Lease, ServerInfo};
use tokio_util::sync::CancellationToken;

use super::rig::{options, short_lease};
use super::shop::Shop;

const AT_ONCE: Duration = Duration::ZERO;
const FOR_EVER: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_order_is_processed_and_told() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 2).await;
    let worker = shop.work(AT_ONCE, options(4));
    shop.becomes(&order, Completed).await;
    worker.stop().await;
    assert_eq!(shop.told(&order).await, [Accepted, Processing, Completed]);
    assert_eq!(shop.events(&order).await[2].name(), "order.processed");
    assert_eq!(shop.copy.get(order.correlation_id).expect("copied").status, Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_on_where_a_dead_worker_left_it() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 1).await;
    let dying = shop.work(FOR_EVER, short_lease(1));
    shop.becomes(&order, Processing).await;
    dying.kill().await;

    let heir = shop.work(AT_ONCE, short_lease(1));
    shop.becomes(&order, Completed).await;
    heir.stop().await;
    assert_eq!(
        shop.told(&order).await,
        [Accepted, Processing, Completed],
        "every move happened once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_interrupts_the_work_and_the_next_worker_ends_it() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 1).await;
    let worker = shop.work(
        FOR_EVER,
        contoso_shop::jobs::engine::ServerOptions { job_stop: AT_ONCE, ..options(1) },
    );
    shop.becomes(&order, Processing).await;
    worker.stop().await;
    let next = shop.work(AT_ONCE, options(1));
    shop.becomes(&order, Completed).await;
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_is_left_alone() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 1).await;
    shop.rig
        .stores
        .orders
        .remove(&order.user, order.id, EventId::generate())
        .await
        .expect("removed");
    let worker = shop.work(AT_ONCE, options(1));
    let next = shop.order("AZ-700", 1).await;
    shop.becomes(&next, Completed).await;
    worker.stop().await;
    assert_eq!(shop.status(&order).await, Cancelled);
    assert_eq!(shop.told(&order).await, [Accepted, Cancelled]);
    let depths = shop.rig.stores.jobs.depths().await.expect("depths");
    assert!(
        depths.iter().all(|depth| depth.failed + depth.ready + depth.processing == 0),
        "{depths:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_does_not_add_up_ends_as_failed_after_the_retries_and_is_processed_again() {
    let shop = Shop::new().await;
    let order = shop.order("LTD-001", 2).await;
    shop.rig.change_total(&order, 1);
    let worker = shop.work(AT_ONCE, options(1));
    shop.becomes(&order, Failed).await;
    worker.stop().await;
    assert_eq!(shop.told(&order).await, [Accepted, Processing, Failed]);
    assert_eq!(shop.copy.get(order.correlation_id).expect("copied").status, Failed);
    // The job's number: it is the only one in this store.
    let job = shop.rig.find(JobId(1)).await;
    assert_eq!((job.state, job.attempts), (JobState::Failed, 5));
    assert_eq!(job.last_error.as_deref(), Some("the accepted total no longer adds up"));

    shop.rig.change_total(&order, -1);
    let requeue = shop.requeue();
    assert_eq!(requeue.run(job.id).await.expect("requeued"), RequeueOutcome::Requeued);
    assert_eq!(shop.copy.get(order.correlation_id).expect("copied").status, Accepted);
    let again = RequeueOutcome::NotFailed(JobState::Enqueued);
    assert_eq!(requeue.run(job.id).await.expect("nothing to do"), again);
    let worker = shop.work(AT_ONCE, options(1));
    shop.becomes(&order, Completed).await;
    worker.stop().await;
    let told = [Accepted, Processing, Failed, Accepted, Processing, Completed];
    assert_eq!(shop.told(&order).await, told);
    let versions: Vec<_> = shop.events(&order).await.iter().map(|e| e.version.number()).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6]);

    let (why, asked) = ("the accepted total no longer adds up", "requeued by an operator");
    let history = shop.rig.history(&order);
    let moves: Vec<_> =
        history.iter().map(|(word, _, reason)| (word.as_str(), reason.as_deref())).collect();
    let expected = [
        ("ACCEPTED", None),
        ("PROCESSING", None),
        ("FAILED", Some(why)),
        ("ACCEPTED", Some(asked)),
        ("PROCESSING", None),
        ("COMPLETED", None),
    ];
    assert_eq!(moves, expected);
    let times: Vec<_> = history.iter().map(|(_, at, _)| *at).collect();
    let told: Vec<_> = shop.events(&order).await.iter().map(|e| e.occurred_at.micros).collect();
    assert_eq!(times, told, "each move has the instant of its event");
    assert!(times.is_sorted() && times[0] == order.created_at.micros, "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_order_cannot_be_processed_again_stays_failed() {
    let shop = Shop::new().await;
    let order = shop.order("LTD-001", 3).await;
    shop.rig.change_total(&order, 1);
    let worker = shop.work(AT_ONCE, options(1));
    shop.becomes(&order, Failed).await;
    let sold = shop.order("LTD-001", 1).await;
    shop.becomes(&sold, Completed).await;
    worker.stop().await;
    let job = JobId(1);
    let requeue = shop.requeue();
    let short = RequeueOutcome::Shortage(Sku::parse("LTD-001").expect("sku"));
    assert_eq!(requeue.run(job).await.expect("refused"), short);
    assert_eq!(shop.rig.find(job).await.state, JobState::Failed);
    assert_eq!(shop.status(&order).await, Failed);
    let unknown = contoso_shop::domain::JobId(4_242);
    assert_eq!(requeue.run(unknown).await.expect("unknown"), RequeueOutcome::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_job_twice_changes_the_order_once() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 1).await;
    let again = contoso_shop::ports::NewJob {
        kind: "order.accepted".to_owned(),
        args: format!(r#"{{"correlationId":"{}"}}"#, order.correlation_id),
        ..super::rig::probe(super::probe::Act::Succeed, 0)
    };
    let copies = shop
        .rig
        .stores
        .jobs
        .enqueue(vec![again.clone(), again.clone(), again])
        .await
        .expect("enqueued");
    let worker = shop.work(Duration::from_millis(20), options(4));
    shop.rig.all_are(JobState::Succeeded, &copies).await;
    shop.becomes(&order, Completed).await;
    worker.stop().await;
    assert_eq!(shop.told(&order).await, [Accepted, Processing, Completed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_without_a_lease_writes_nothing() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 1).await;
    let id = ServerId::new("test:1:a");
    let queues = options(1).queues;
    let jobs = &shop.rig.stores.jobs;
    jobs.register(&ServerInfo { id: id.clone(), worker_count: 1, queues: queues.clone() })
        .await
        .expect("registered");
    let held =
        jobs.exchange(&id, Vec::new(), &queues, 1).await.expect("exchange").jobs.remove(0).lease;
    let request = |lease| ProcessOrderRequest {
        correlation_id: order.correlation_id,
        lease,
        trace_parent: None,
        cancelled: CancellationToken::new(),
        started: None,
    };

    let late = request(Lease { fence: held.fence - 1, ..held });
    shop.process(AT_ONCE).run(&late).await.expect("ends quietly");
    shop.process(AT_ONCE).give_up(&late, "late").await.expect("ends quietly");
    assert_eq!(shop.status(&order).await, Accepted);

    shop.process(AT_ONCE).run(&request(held)).await.expect("processed");
    assert_eq!(shop.status(&order).await, Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_copy_that_hangs_does_not_fail_the_order() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 1).await;
    shop.copy.hangs.store(true, SeqCst);
    let worker = shop.work(AT_ONCE, options(1));
    shop.becomes(&order, Completed).await;
    worker.stop().await;
    assert_eq!(shop.told(&order).await, [Accepted, Processing, Completed]);
}

/// X-08; on a clock that does not wait. The work does not ask the database meanwhile.
#[tokio::test]
async fn long_work_renews_the_time_to_live_of_the_status_copy() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 1).await;
    let request = ProcessOrderRequest {
        correlation_id: order.correlation_id,
        lease: Lease { job: JobId(1), fence: 1 },
        trace_parent: None,
        cancelled: CancellationToken::new(),
        started: Some(Advanced::Already(order.snapshot())),
    };
    tokio::time::pause();
    let five_minutes = Duration::from_secs(301);
    let ended = tokio::time::timeout(five_minutes, shop.process(FOR_EVER).run(&request)).await;
    assert!(ended.is_err(), "the work goes on");
    assert_eq!(shop.copy.touches.load(SeqCst), 5, "once a minute");
}
