//! Reports read from a replica (S1-Scale-3b).

use std::time::Duration;

use contoso_shop::adapters::mssql::{MssqlOptions, MssqlStore};
use contoso_shop::domain::{Page, Timestamp};
use contoso_shop::ports::{Health, StoreError};

use super::double::{Cell, Double, Gate, Reply, set};
use super::samples::options;

const CATALOGUE: &str = "Purpose: a part of the catalogue";
const COUNTS: &str = "Purpose: how many orders stand where";
const PAGE: Page = Page { offset: 0, size: 10 };

async fn with_rows(total: i64) -> Double {
    let double = Double::start().await;
    let sets = vec![set(&["Total"], vec![vec![Cell::BigInt(total)]]), set(&["Sku"], vec![])];
    double.always(CATALOGUE, Reply::Answer(sets));
    let counts = set(&["Status", "Orders"], vec![vec!["ACCEPTED".into(), Cell::BigInt(total)]]);
    double.always(COUNTS, Reply::Answer(vec![counts]));
    double
}

async fn reported(store: &MssqlStore) -> Result<u64, StoreError> {
    let span = (Timestamp::from_micros(0), Timestamp::from_micros(1));
    Ok(store
        .stores()
        .reports
        .status_counts(span.0, span.1)
        .await?
        .iter()
        .map(|line| line.orders)
        .sum())
}

fn pair(main: &Double, replica: &Double) -> MssqlOptions {
    MssqlOptions {
        read_only_connection_string: Some(replica.connection_string("")),
        ..options(main, "")
    }
}

#[tokio::test]
async fn reports_go_to_the_replica_and_nothing_else_does() {
    let (main, replica) = (with_rows(1).await, with_rows(2).await);
    let store = MssqlStore::connect(pair(&main, &replica)).expect("options");
    for _ in 0..3 {
        assert_eq!(reported(&store).await.expect("report"), 2);
        assert_eq!(store.stores().products.list(PAGE).await.expect("list").total, 1);
    }
    assert_eq!((main.requests(CATALOGUE).len(), replica.requests(COUNTS).len()), (3, 3));
    assert_eq!((main.requests(COUNTS).len(), replica.requests(CATALOGUE).len()), (0, 0));
    assert!(replica.logins().iter().all(|login| login.read_only), "ApplicationIntent=ReadOnly");
    assert!(main.logins().iter().all(|login| !login.read_only));
    let health = store
        .stores()
        .report_health
        .expect("a pool of its own")
        .check(Duration::from_secs(5))
        .await;
    assert_eq!(health.status, Health::Healthy);
}

#[tokio::test]
async fn without_the_replica_reports_fall_back_or_fail_as_set() {
    let (main, replica) = (with_rows(1).await, with_rows(2).await);
    replica.gate(Gate::Sever);
    let falling_back = MssqlStore::connect(pair(&main, &replica)).expect("options");
    assert_eq!(reported(&falling_back).await.expect("report"), 1);
    let strict =
        MssqlStore::connect(MssqlOptions { read_only_fallback: false, ..pair(&main, &replica) })
            .expect("options");
    assert!(reported(&strict).await.expect_err("no replica").is_transient());
    assert_eq!(main.requests(COUNTS).len(), 1);
    for (store, expected) in [(&falling_back, Health::Degraded), (&strict, Health::Unhealthy)] {
        let probe = store.stores().report_health.expect("a pool of its own");
        assert_eq!(probe.check(Duration::from_secs(5)).await.status, expected);
    }
}

#[tokio::test]
async fn without_a_connection_string_of_their_own_reports_use_the_main_one() {
    let main = with_rows(1).await;
    let store = MssqlStore::connect(options(&main, "")).expect("options");
    assert_eq!(reported(&store).await.expect("report"), 1);
    assert!(store.stores().report_health.is_none());
}
