//! Every error number of the requirements, as the server sends it.

use std::time::Duration;

use contoso_shop::adapters::GuardSettings;
use contoso_shop::domain::CorrelationId;
use contoso_shop::ports::{Placed, StoreError};

use super::double::{Double, Reply};
use super::samples::{ENQUEUE, PLACE, SNAPSHOT, job, order, placed, snapshot_set, store};

/// Requirements 2.5 and S1-Flow-3b, but for -2, which is a timeout of the client.
const TRANSIENT: [u32; 22] = [
    4060, 40197, 40501, 40613, 49918, 4221, 1205, 233, 64, 1222, 10928, 10929, 10053, 10054, 10060,
    1204, 49919, 49920, 40143, 40540, 42108, 42109,
];

/// Permission, syntax, missing table, check constraint, NULL, overflow, truncation, no space, and
/// somebody's own.
const PERMANENT: [u32; 9] = [229, 102, 208, 547, 515, 8115, 2628, 1105, 50000];

#[tokio::test]
async fn a_unit_is_run_again_after_each_transient_number() {
    let double = Double::start().await;
    let store = store(&double);
    for number in TRANSIENT {
        let new = order();
        let answer = Reply::Answer(placed("created", new.correlation_id, "ACCEPTED"));
        double.script(PLACE, vec![Reply::Error(number), answer]);
        let before = double.requests(PLACE).len();
        let end = store
            .stores()
            .orders
            .place(new)
            .await
            .unwrap_or_else(|error| panic!("{number}: {error}"));
        assert!(matches!(end, Placed::Created(..)), "{number}: {end:?}");
        let sent = double.requests(PLACE).split_off(before);
        assert_eq!(sent.len(), 2, "{number}");
        assert_eq!(sent[0].parameters, sent[1].parameters, "{number}: the same unit, whole");
        assert_ne!(
            sent[0].connection, sent[1].connection,
            "{number}: a connection that saw an error is not used again"
        );
    }
}

#[tokio::test]
async fn a_transient_number_that_stays_is_unavailable_after_three_tries() {
    let double = Double::start().await;
    double.always(SNAPSHOT, Reply::Error(1205));
    let error = store(&double)
        .stores()
        .orders
        .snapshot(CorrelationId::generate())
        .await
        .expect_err("deadlocks");
    assert!(error.is_transient() && error.to_string().contains("1205"), "{error}");
    assert_eq!(double.requests(SNAPSHOT).len(), 3);
}

#[tokio::test]
async fn no_other_number_is_tried_again() {
    let double = Double::start().await;
    let store = store(&double);
    for number in PERMANENT {
        double.always(PLACE, Reply::Error(number));
        let before = double.requests(PLACE).len();
        let error = store.stores().orders.place(order()).await.expect_err("an error");
        assert!(matches!(error, StoreError::Fault { .. }), "{number}: {error:?}");
        assert!(error.to_string().contains(&number.to_string()), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("secret"),
            "the server's text may quote rows: {shown}"
        );
        assert_eq!(double.requests(PLACE).len(), before + 1, "{number}");
    }
}

#[tokio::test]
async fn a_duplicate_key_is_read_and_replayed() {
    let double = Double::start().await;
    let store = store(&double);
    for number in [2601, 2627] {
        let first = CorrelationId::generate();
        double.script(
            PLACE,
            vec![Reply::Error(number), Reply::Answer(placed("replayed", first, "PROCESSING"))],
        );
        let end = store.stores().orders.place(order()).await.expect("replayed");
        assert!(
            matches!(&end, Placed::Replayed(order) if order.correlation_id == first),
            "{number}: {end:?}"
        );
    }
}

#[tokio::test]
async fn an_error_after_rows_is_still_an_error() {
    let double = Double::start().await;
    let id = CorrelationId::generate();
    let late = vec![snapshot_set(id, "ACCEPTED")];
    double.script(SNAPSHOT, vec![Reply::AnswerThenError(late.clone(), 40197), Reply::Answer(late)]);
    assert!(store(&double).stores().orders.snapshot(id).await.expect("second try").is_some());
    assert_eq!(
        double.requests(SNAPSHOT).len(),
        2,
        "rows without the end of the batch are no answer"
    );
}

#[tokio::test]
async fn a_rolled_back_unit_without_a_key_is_run_again_too() {
    let double = Double::start().await;
    let ids = super::double::set(&["Id"], vec![vec![super::double::Cell::BigInt(5)]]);
    double.script(ENQUEUE, vec![Reply::Error(1205), Reply::Answer(vec![ids])]);
    let ids = store(&double).stores().jobs.enqueue(vec![job(None)]).await.expect("enqueued");
    assert_eq!((ids[0].0, double.requests(ENQUEUE).len()), (5, 2));
}

/// Else the call is over before the server says 1222, and nobody learns that it was a lock.
#[test]
fn a_wait_for_a_lock_ends_before_the_call() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/adapters/mssql/sql");
    let mut waits = 0;
    for file in std::fs::read_dir(folder).expect("the statements") {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("text");
        let limits = text.lines().filter_map(|line| line.strip_prefix("SET LOCK_TIMEOUT "));
        for limit in limits.filter_map(|limit| limit.strip_suffix(';')?.parse().ok()) {
            waits += 1;
            let limit = Duration::from_millis(limit);
            assert!(limit < GuardSettings::SQL.deadline, "{limit:?} in {}", path.display());
        }
    }
    assert!(waits > 10, "{waits}");
}
