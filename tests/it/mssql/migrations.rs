//! How migrations are sent.

use std::time::Duration;

use contoso_shop::ports::SchemaState;

use super::double::{Cell, Double, Parameter, Reply, set};
use super::samples::store;
use crate::support::wait;

const LOCK: &str = "Purpose: lets one process migrate";
const VERSION: &str = "Purpose: the schema's version";
const RECORD: &str = "Purpose: remembers a migration";
const SEED: &str = "Purpose: fills the catalogue";

async fn server(version: i32, granted: i32) -> Double {
    let double = Double::start().await;
    double.always(VERSION, Reply::Answer(vec![set(&["Version"], vec![vec![Cell::Int(version)]])]));
    double.always(LOCK, Reply::Answer(vec![set(&["Granted"], vec![vec![Cell::Int(granted)]])]));
    double.always(RECORD, Reply::Answer(vec![]));
    double.always(SEED, Reply::Answer(vec![]));
    double
}

#[tokio::test]
async fn what_is_missing_is_applied_in_order_under_the_lock() {
    let double = server(0, 0).await;
    let applied = store(&double).stores().schema.migrate().await.expect("migrated");
    assert_eq!(applied, ["0001_shop", "0002_jobs"]);
    let sent = double.requests("");
    let purposes = [LOCK, VERSION, "CREATE TABLE dbo.[Order]", "CREATE TABLE dbo.JobReady", SEED];
    assert_eq!(sent.len(), purposes.len());
    for (request, purpose) in sent.iter().zip(purposes) {
        assert!(request.text.contains(purpose), "{purpose}");
        assert_eq!(request.connection, sent[0].connection, "the lock belongs to the connection");
    }
    for (number, migration) in (1..).zip(double.requests(RECORD)) {
        assert_eq!(migration.parameters[0], Parameter::Number(number));
        assert!(migration.text.starts_with("SET XACT_ABORT ON;\nBEGIN TRANSACTION;"), "it commits with its version or not at all");
        assert!(!migration.text.lines().any(|line| line.trim() == "GO"));
    }
    wait::until("the lock's connection to be closed", Duration::from_secs(10), async || (double.open() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_current_schema_is_left_alone() {
    let double = server(2, 1).await;
    let schema = store(&double).stores().schema;
    assert_eq!(schema.state().await.expect("state"), SchemaState::Current { version: 2 });
    assert!(schema.migrate().await.expect("migrated").is_empty());
    assert!(double.requests(RECORD).is_empty());
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let double = server(3, 0).await;
    let schema = store(&double).stores().schema;
    assert_eq!(schema.state().await.expect("state"), SchemaState::Ahead { version: 3, wanted: 2 });
    let error = schema.migrate().await.expect_err("newer");
    assert!(!error.is_transient() && error.to_string().contains("version 3"), "{error}");
    assert!(double.requests(SEED).is_empty(), "nothing is written");
}

#[tokio::test]
async fn a_lock_that_is_not_granted_migrates_nothing() {
    let double = server(0, -1).await;
    let error = store(&double).stores().schema.migrate().await.expect_err("locked");
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(double.requests("").len(), 1);
}

#[tokio::test]
async fn an_empty_database_is_behind() {
    let double = server(0, 0).await;
    let state = store(&double).stores().schema.state().await.expect("state");
    assert_eq!(state, SchemaState::Behind { version: 0, wanted: 2 });
}
