//! Connections that break, and answers that do not come.

use std::time::{Duration, Instant};

use contoso_shop::adapters::mssql::MssqlStore;
use contoso_shop::domain::{CorrelationId, JobId, QueueName, ServerId};
use contoso_shop::ports::{
    Acknowledged, Acknowledgement, Advanced, Lease, Outcome, Placed, StoreError,
};
use tokio_util::sync::CancellationToken;

use super::double::{Cell, Double, Reply, set};
use super::samples::{
    ADVANCE, ENQUEUE, EXCHANGE, PING, PLACE, REQUEUE, SNAPSHOT, advanced, completing, exchanged,
    job, options, order, placed, snapshot_set, store,
};
use crate::support::wait;

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_asked_for_again_under_its_own_id() {
    let double = Double::start().await;
    let store = store(&double);
    for lost in [
        Reply::Sever,
        Reply::SeverHalfway(placed("created", CorrelationId::generate(), "ACCEPTED")),
    ] {
        let new = order();
        let before = double.requests(PLACE).len();
        double.script(
            PLACE,
            vec![lost, Reply::Answer(placed("created", new.correlation_id, "ACCEPTED"))],
        );
        let end = store.stores().orders.place(new).await.expect("resolved");
        assert!(matches!(end, Placed::Created(..)), "{end:?}");
        let sent = double.requests(PLACE).split_off(before);
        assert_eq!(sent.len(), 2);
        assert_eq!(
            sent[0].parameters, sent[1].parameters,
            "the correlation id finds what was committed"
        );
        assert_ne!(sent[0].connection, sent[1].connection);
    }
}

#[tokio::test]
async fn a_move_whose_answer_was_lost_is_asked_for_again_under_its_event_id() {
    let double = Double::start().await;
    let step = completing(CorrelationId::generate());
    double.script(
        ADVANCE,
        vec![Reply::Sever, Reply::Answer(advanced("applied", step.correlation_id, "COMPLETED"))],
    );
    let end = store(&double).stores().orders.advance(step).await.expect("resolved");
    assert!(matches!(end, Advanced::Applied(..)), "{end:?}");
    let sent = double.requests(ADVANCE);
    assert_eq!(sent[0].parameters[6], sent[1].parameters[6]);
}

#[tokio::test]
async fn an_exchange_whose_answer_was_lost_is_asked_for_again_under_its_id() {
    let double = Double::start().await;
    double.script(
        EXCHANGE,
        vec![Reply::SeverHalfway(exchanged(&[0])), Reply::Answer(exchanged(&[0]))],
    );
    let jobs = store(&double).stores().jobs;
    let end =
        Acknowledgement { lease: Lease { job: JobId(1), fence: 1 }, outcome: Outcome::Succeeded };
    let answer = jobs
        .exchange(&ServerId::new("box:1:x"), vec![end.clone()], &[QueueName::default_queue()], 1)
        .await;
    assert_eq!(answer.expect("resolved").acknowledged, [Acknowledged::Applied]);
    jobs.exchange(&ServerId::new("box:1:x"), vec![end], &[QueueName::default_queue()], 1)
        .await
        .expect("next");
    let sent: Vec<_> = double
        .requests(EXCHANGE)
        .into_iter()
        .map(|request| request.parameters[1].clone())
        .collect();
    assert_eq!(sent[0], sent[1], "the same exchange");
    assert_ne!(sent[1], sent[2], "another exchange");
}

#[tokio::test]
async fn what_could_be_done_twice_is_not_sent_again() {
    let double = Double::start().await;
    let jobs = store(&double).stores().jobs;
    double.always(ENQUEUE, Reply::Sever);
    let error = jobs.enqueue(vec![job(None)]).await.expect_err("unknown end");
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(double.requests(ENQUEUE).len(), 1);
    double.always(REQUEUE, Reply::Sever);
    jobs.requeue(JobId(1)).await.expect_err("unknown end");
    assert_eq!(double.requests(REQUEUE).len(), 1);
    let ids = set(&["Id"], vec![vec![Cell::BigInt(5)]]);
    double.script(ENQUEUE, vec![Reply::Sever, Reply::Answer(vec![ids])]);
    assert_eq!(jobs.enqueue(vec![job(Some("daily"))]).await.expect("its key finds it"), [JobId(5)]);
}

#[tokio::test]
async fn a_restart_of_the_server_between_two_units_is_not_noticed() {
    let double = Double::start().await;
    let (store, new) = (store(&double), order());
    double.always(PLACE, Reply::Answer(placed("created", new.correlation_id, "ACCEPTED")));
    store.stores().orders.place(new.clone()).await.expect("placed");
    double.kill();
    wait::until("the connections to be gone", PATIENCE, async || {
        (double.open() == 0).then_some(())
    })
    .await;
    store.stores().orders.place(new).await.expect("on another connection");
    assert!(double.opened() >= 2);
}

#[tokio::test]
async fn a_connection_killed_in_use_costs_one_retry() {
    let double = Double::start().await;
    let id = CorrelationId::generate();
    let held = Reply::Hold(CancellationToken::new(), vec![]);
    double.script(SNAPSHOT, vec![held, Reply::Answer(vec![snapshot_set(id, "ACCEPTED")])]);
    let orders = store(&double).stores().orders;
    let asking = tokio::spawn(async move { orders.snapshot(id).await });
    wait::until("the request", PATIENCE, async || {
        (!double.requests(SNAPSHOT).is_empty()).then_some(())
    })
    .await;
    double.kill();
    assert!(asking.await.expect("task").expect("second try").is_some());
    assert_eq!(double.requests(SNAPSHOT).len(), 2);
}

#[tokio::test]
async fn a_slow_answer_ends_with_the_statement_timeout_and_the_connection_with_it() {
    let double = Double::start().await;
    let mut options = options(&double, "Max Pool Size=1");
    options.pool.statement_timeout = Duration::from_millis(150);
    options.retry.attempts = 1;
    let store = MssqlStore::connect(options).expect("options");
    double.always(SNAPSHOT, Reply::Silence);
    let start = Instant::now();
    let error =
        store.stores().orders.snapshot(CorrelationId::generate()).await.expect_err("no answer");
    assert!(error.is_transient() && error.to_string().contains("150ms"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(3));
    wait::until("the connection to be closed", PATIENCE, async || {
        (double.open() == 0).then_some(())
    })
    .await;
    store.stores().health.check(Duration::from_secs(5)).await;
    let ping = double.requests(PING).remove(0);
    assert_ne!(
        ping.connection,
        double.requests(SNAPSHOT)[0].connection,
        "the late answer is nobody's"
    );
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_connection_behind_that_could_be_in_a_transaction() {
    let double = Double::start().await;
    let store = MssqlStore::connect(options(&double, "Max Pool Size=1")).expect("options");
    let told = CancellationToken::new();
    let new = order();
    double.always(PLACE, Reply::Hold(told, vec![]));
    let orders = store.stores().orders;
    let placing = tokio::spawn(async move { orders.place(new).await });
    wait::until("the request", PATIENCE, async || {
        (!double.requests(PLACE).is_empty()).then_some(())
    })
    .await;
    placing.abort();
    wait::until("the connection to be closed", PATIENCE, async || {
        (double.open() == 0).then_some(())
    })
    .await;
    let id = CorrelationId::generate();
    double.always(SNAPSHOT, Reply::Answer(vec![snapshot_set(id, "ACCEPTED")]));
    assert!(
        store.stores().orders.snapshot(id).await.expect("the place in the pool is free").is_some()
    );
    assert_ne!(double.requests(SNAPSHOT)[0].connection, double.requests(PLACE)[0].connection);
}

#[tokio::test]
async fn an_unknown_end_that_stays_unknown_is_unavailable() {
    let double = Double::start().await;
    double.always(PLACE, Reply::Sever);
    let error = store(&double).stores().orders.place(order()).await.expect_err("never answered");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert_eq!(double.requests(PLACE).len(), 3);
}
