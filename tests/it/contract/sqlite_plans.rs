//! Each statement of the SQLite stores costs the same however many orders, jobs and events there
//! are: it seeks. Those that read a table from end to end are named here with the reason.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use contoso_shop::adapters::sqlite::{SqliteOptions, SqliteStore};
use contoso_shop::ports::SystemClock;
use rusqlite::Connection;

const SCANS: [(&str, &str); 20] = [
    ("idempotency_forget", "row numbers follow age: the head only, up to the limit"),
    ("job_depths", "what waits, runs or has failed, and nothing that is over"),
    ("job_failed_list", "failed jobs, a page of them for a person"),
    ("job_held", "running jobs, at most the workers of all servers"),
    ("job_running_end_all", "running jobs, at most the workers of all servers"),
    ("order_stuck", "failed jobs, which are few"),
    ("outbox_backlog", "unpublished events only, by a partial index"),
    ("outbox_claim", "unpublished events only, by a partial index, up to the limit"),
    ("outbox_claimable", "unpublished events only, by a partial index, up to the first"),
    ("outbox_last", "SQLite's own table of row numbers, a row per table"),
    ("outbox_prunable", "row numbers follow age: the head only, up to the limit"),
    ("product_any", "the first product"),
    ("product_count", "the catalogue"),
    ("product_page", "the catalogue"),
    ("product_stock_levels", "the catalogue"),
    ("report_orders_per_day", "a report; it is cached, and one query runs at a time"),
    ("report_revenue_by_vendor", "a report; it is cached, and one query runs at a time"),
    ("report_status_counts", "a report; it is cached, and one query runs at a time"),
    ("server_list", "job servers, one per process"),
    ("server_silent", "job servers, one per process"),
];

#[tokio::test]
async fn every_statement_seeks() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("shop.db");
    let store = SqliteStore::open(SqliteOptions::new(path.clone()), Arc::new(SystemClock));
    store.expect("open").stores().schema.migrate().await.expect("migrate");
    let database = Connection::open(path).expect("open");
    let mut scans = BTreeMap::new();
    let statements = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adapters/sqlite/sql");
    for file in std::fs::read_dir(statements).expect("the statements") {
        let file = file.expect("a file").path();
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let found = scans_of(&database, &std::fs::read_to_string(&file).expect("text"));
        if !found.is_empty() && !name.starts_with("schema_") {
            scans.insert(name, found);
        }
    }
    let known: BTreeMap<_, _> = SCANS.into_iter().collect();
    for (name, found) in &scans {
        assert!(
            known.contains_key(name.as_str()),
            "{name} reads a table from end to end: {found:?}"
        );
    }
    for name in known.keys() {
        assert!(scans.contains_key(*name), "{name} seeks now: take it off the list");
    }
}

/// The steps of a statement's plan that read a table or an index from end to end.
fn scans_of(database: &Connection, sql: &str) -> Vec<String> {
    let mut plan = database.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
    let parameters = vec![rusqlite::types::Null; plan.parameter_count()];
    let steps = plan
        .query_map(rusqlite::params_from_iter(parameters), |row| row.get::<_, String>("detail"))
        .expect("a plan");
    let steps = steps.collect::<Result<Vec<_>, _>>().expect("steps");
    let reads = |step: &String| {
        step.strip_prefix("SCAN ")
            .is_some_and(|what| what != "CONSTANT ROW" && !what.starts_with('('))
    };
    steps.into_iter().filter(reads).collect()
}
