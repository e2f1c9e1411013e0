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

/// Names of the migrations in the repository, in order.
fn migrations() -> Vec<String> {
    let folder = std::fs::read_dir("migrations/mssql").expect("migrations");
    let names = folder.map(|file| {
        file.expect("file").path().file_stem().expect("name").to_string_lossy().into_owned()
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// Their number, which is the version this program needs.
fn wanted() -> u32 {
    u32::try_from(migrations().len()).expect("some")
}

/// A server with a schema of this many versions more than the program needs, or none at all.
async fn server(version: Option<i32>, granted: i32) -> Double {
    let double = Double::start().await;
    let version = version.map_or(0, |more| i32::try_from(wanted()).expect("few") + more);
    double.always(VERSION, Reply::Answer(vec![set(&["Version"], vec![vec![Cell::Int(version)]])]));
    double.always(LOCK, Reply::Answer(vec![set(&["Granted"], vec![vec![Cell::Int(granted)]])]));
    double.always(RECORD, Reply::Answer(vec![]));
    double.always(SEED, Reply::Answer(vec![]));
    double
}

#[tokio::test]
async fn what_is_missing_is_applied_in_order_under_the_lock() {
    let double = server(None, 0).await;
    let applied = store(&double).stores().schema.migrate().await.expect("migrated");
    assert_eq!(applied, migrations());
    let sent = double.requests("");
    let texts = migrations().into_iter().map(|name| {
        let path = format!("migrations/mssql/{name}.sql");
        std::fs::read_to_string(path).expect("a migration")
    });
    let expected: Vec<_> = [LOCK, VERSION]
        .map(str::to_owned)
        .into_iter()
        .chain(texts)
        .chain([SEED.to_owned()])
        .collect();
    assert_eq!(sent.len(), expected.len());
    for (request, text) in sent.iter().zip(&expected) {
        assert!(request.text.contains(text), "{text}");
        assert_eq!(request.connection, sent[0].connection, "the lock belongs to the connection");
    }
    for (number, migration) in (1..).zip(double.requests(RECORD)) {
        assert_eq!(migration.parameters[0], Parameter::Number(number));
        assert!(
            migration.text.starts_with("SET XACT_ABORT ON;\nBEGIN TRANSACTION;"),
            "it commits with its version or not at all"
        );
        assert!(!migration.text.lines().any(|line| line.trim() == "GO"));
    }
    wait::until("the lock's connection to be closed", Duration::from_secs(10), async || {
        (double.open() == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_current_schema_is_left_alone() {
    let double = server(Some(0), 1).await;
    let schema = store(&double).stores().schema;
    assert_eq!(schema.state().await.expect("state"), SchemaState::Current { version: wanted() });
    assert!(schema.migrate().await.expect("migrated").is_empty());
    assert!(double.requests(RECORD).is_empty());
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let double = server(Some(1), 0).await;
    let schema = store(&double).stores().schema;
    assert_eq!(
        schema.state().await.expect("state"),
        SchemaState::Ahead { version: wanted() + 1, wanted: wanted() }
    );
    let error = schema.migrate().await.expect_err("newer");
    assert!(
        !error.is_transient() && error.to_string().contains(&format!("version {}", wanted() + 1)),
        "{error}"
    );
    assert!(double.requests(SEED).is_empty(), "nothing is written");
}

#[tokio::test]
async fn a_lock_that_is_not_granted_migrates_nothing() {
    let double = server(None, -1).await;
    let error = store(&double).stores().schema.migrate().await.expect_err("locked");
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(double.requests("").len(), 1);
}

#[tokio::test]
async fn an_empty_database_is_behind() {
    let double = server(None, 0).await;
    let state = store(&double).stores().schema.state().await.expect("state");
    assert_eq!(state, SchemaState::Behind { version: 0, wanted: wanted() });
}
