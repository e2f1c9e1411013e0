//! The pool's bounds (V-23).

use std::time::{Duration, Instant};

use contoso_shop::adapters::mssql::MssqlStore;
use contoso_shop::domain::CorrelationId;
use contoso_shop::ports::Health;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::double::{Double, Reply};
use super::samples::{PING, SNAPSHOT, options, snapshot_set, store};
use crate::support::wait;

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn two_hundred_requests_share_four_connections() {
    let double = Double::start().await;
    let id = CorrelationId::generate();
    double.always(SNAPSHOT, Reply::Answer(vec![snapshot_set(id, "ACCEPTED")]));
    let store = store(&double);
    for _ in 0..5 {
        let mut calls = JoinSet::new();
        for _ in 0..200 {
            let orders = store.stores().orders;
            calls.spawn(async move { orders.snapshot(id).await.expect("answer").expect("order") });
        }
        calls.join_all().await;
    }
    assert_eq!(double.requests(SNAPSHOT).len(), 1000);
    assert!((1..=4).contains(&double.opened()), "opened {} for 1000 requests", double.opened());
}

#[tokio::test]
async fn a_connection_killed_in_use_does_not_shrink_the_pool() {
    let double = Double::start().await;
    let id = CorrelationId::generate();
    let answer = vec![snapshot_set(id, "ACCEPTED")];
    // Every 50th request kills its connection.
    double.on(
        SNAPSHOT,
        move |n, _| if n % 50 == 49 { Reply::Sever } else { Reply::Answer(answer.clone()) },
    );
    let store = store(&double);
    let mut calls = JoinSet::new();
    for _ in 0..1000 {
        let orders = store.stores().orders;
        calls.spawn(async move { orders.snapshot(id).await.expect("answer").expect("order") });
    }
    calls.join_all().await;
    assert_eq!(
        double.requests(SNAPSHOT).len(),
        1000 + 1000 / 49,
        "each lost answer is asked for once more"
    );
    assert!(
        double.most() <= 5,
        "one more only while a closed one is not noticed: {}",
        double.most()
    );
    let pool = store.stores().health.check(PATIENCE).await.data["pool"].clone();
    assert_eq!(
        (&pool["inUse"], &pool["waiting"], &pool["max"]),
        (&0.into(), &0.into(), &4.into()),
        "no leak"
    );
}

#[tokio::test]
async fn an_exhausted_pool_makes_callers_wait_only_so_long() {
    let double = Double::start().await;
    let mut options = options(&double, "Max Pool Size=4");
    options.pool.acquire_timeout = Duration::from_millis(200);
    let store = MssqlStore::connect(options).expect("options");
    let id = CorrelationId::generate();
    let told = CancellationToken::new();
    double.always(SNAPSHOT, Reply::Hold(told.clone(), vec![snapshot_set(id, "ACCEPTED")]));
    let mut holders = JoinSet::new();
    for _ in 0..4 {
        let orders = store.stores().orders;
        holders.spawn(async move { orders.snapshot(id).await });
    }
    wait::until("four requests", PATIENCE, async || {
        (double.requests(SNAPSHOT).len() == 4).then_some(())
    })
    .await;
    let start = Instant::now();
    let error = store.stores().orders.snapshot(id).await.expect_err("exhausted");
    let took = start.elapsed();
    assert!(
        error.is_transient() && error.to_string().contains("no SQL Server connection became free"),
        "{error}"
    );
    assert!(took >= Duration::from_millis(200) && took < Duration::from_secs(2), "{took:?}");
    assert_eq!(
        (double.opened(), double.requests(SNAPSHOT).len()),
        (4, 4),
        "never more than the limit, and nothing was sent"
    );
    told.cancel();
    while let Some(end) = holders.join_next().await {
        assert!(end.expect("task").expect("answer").is_some());
    }
    assert_eq!(
        store.stores().health.check(PATIENCE).await.status,
        Health::Healthy,
        "the connections came back"
    );
    assert_eq!(double.opened(), 4);
}

#[tokio::test]
async fn the_minimum_is_kept_open() {
    let double = Double::start().await;
    let store = MssqlStore::connect(options(&double, "Min Pool Size=3")).expect("options");
    wait::until("at least three idle connections", PATIENCE, async || {
        let health = store.stores().health.check(PATIENCE).await;
        (health.data["pool"]["idle"].as_u64() >= Some(3)).then_some(())
    })
    .await;
    assert!(
        double.most() <= 4,
        "the minimum is of idle ones, the maximum of all: {}",
        double.most()
    );
}

#[tokio::test]
async fn a_ping_that_takes_more_than_100_ms_is_degraded() {
    let double = Double::start().await;
    let told = CancellationToken::new();
    double.always(PING, Reply::Hold(told.clone(), vec![]));
    let health = store(&double).stores().health;
    let answer_late = async {
        wait::until("the ping", PATIENCE, async || {
            (!double.requests(PING).is_empty()).then_some(())
        })
        .await;
        let asked = Instant::now();
        wait::until("more than 100 ms", PATIENCE, async || {
            (asked.elapsed() > Duration::from_millis(110)).then_some(())
        })
        .await;
        told.cancel();
    };
    let (found, ()) = tokio::join!(health.check(PATIENCE), answer_late);
    assert_eq!((found.status, &found.data["problem"]), (Health::Degraded, &"slow".into()));
    assert_eq!(health.check(PATIENCE).await.status, Health::Healthy, "it answers at once now");
}
