//! Stores over the double, markers of statements, and answers as the statements give them.

use std::time::Duration;

use contoso_shop::adapters::mssql::{MssqlOptions, MssqlStore, PoolOptions, RetryOptions};
use contoso_shop::domain::{CorrelationId, EventId, OrderDraft, QueueName, Transition, UserId};
use contoso_shop::ports::{AdvanceOrder, NewJob, NewOrder};
use contoso_shop::resilience::Backoff;

use super::double::{Cell, Double, ResultSet, set};

pub const PLACE: &str = "Purpose: accepts an order";
pub const ADVANCE: &str = "Purpose: makes one named move";
pub const SNAPSHOT: &str = "Purpose: where an order stands, whoever owns it";
pub const EXCHANGE: &str = "Purpose: stores acknowledgements";
pub const ENQUEUE: &str = "Purpose: stores jobs;";
pub const REQUEUE: &str = "Purpose: makes a failed job due again";
pub const PING: &str = "Purpose: whether the database answers";
pub const LAST: &str = "Purpose: the newest sequence";

/// Options with a small pool, short waits and fast retries.
pub fn options(double: &Double, more: &str) -> MssqlOptions {
    let pool = PoolOptions {
        max: 4,
        min: 0,
        acquire_timeout: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(5),
        statement_timeout: Duration::from_secs(5),
        ..PoolOptions::default()
    };
    let retry = RetryOptions {
        attempts: 3,
        backoff: Backoff::new(Duration::from_millis(1), Duration::from_millis(2)),
    };
    MssqlOptions {
        read_only_pool: pool.clone(),
        pool,
        retry,
        ..MssqlOptions::new(double.connection_string(more))
    }
}

/// A store over the double.
pub fn store(double: &Double) -> MssqlStore {
    MssqlStore::connect(options(double, "")).expect("options")
}

pub fn user() -> UserId {
    UserId::new("ada")
}

/// An order of two keyboards.
pub fn order() -> NewOrder {
    NewOrder {
        correlation_id: CorrelationId::generate(),
        user: user(),
        draft: OrderDraft::parse([("KB-100", 2)]).expect("draft"),
        idempotency: None,
        event_id: EventId::generate(),
        job: job(None),
    }
}

pub fn job(unique_key: Option<&str>) -> NewJob {
    NewJob {
        queue: QueueName::default_queue(),
        kind: "order.accepted".to_owned(),
        args: "{}".to_owned(),
        delay: Duration::ZERO,
        max_attempts: 5,
        unique_key: unique_key.map(str::to_owned),
        trace_parent: None,
    }
}

pub fn completing(correlation_id: CorrelationId) -> AdvanceOrder {
    AdvanceOrder {
        correlation_id,
        transition: Transition::completed(),
        reason: None,
        lease: None,
        failed_job: None,
        event_id: EventId::generate(),
        trace_parent: None,
    }
}

/// The answer to [`PLACE`] with this outcome.
pub fn placed(outcome: &str, id: CorrelationId, status: &str) -> Vec<ResultSet> {
    let line = |sku: &str, cents: i64| {
        let texts = [sku, "Keyboard ⌨", "/images/products/KB-100.svg"].map(Cell::from);
        [vec![Cell::BigInt(41)], texts.to_vec(), vec![Cell::BigInt(cents), Cell::Int(2)]].concat()
    };
    vec![
        set(
            &[
                "Outcome",
                "Sequence",
                "Id",
                "CorrelationId",
                "UserId",
                "Status",
                "CreatedAt",
                "UpdatedAt",
                "Version",
            ],
            vec![vec![
                outcome.into(),
                Cell::BigInt(2_017),
                Cell::BigInt(41),
                Cell::Guid(id.as_uuid()),
                "ada".into(),
                status.into(),
                Cell::BigInt(1_000),
                Cell::BigInt(2_000),
                Cell::Int(1),
            ]],
        ),
        set(
            &["OrderId", "Sku", "ProductName", "ImageUrl", "UnitPriceCents", "Quantity"],
            vec![line("KB-100", 12_900), line("AZ-700", 13_410)],
        ),
    ]
}

/// The row that tells the outcome of a removal, and the sequence of its event.
pub fn outcome_set(outcome: &str) -> ResultSet {
    set(&["Outcome", "Sequence"], vec![vec![outcome.into(), Cell::BigInt(2_017)]])
}

/// The row of a snapshot.
pub fn snapshot_set(id: CorrelationId, status: &str) -> ResultSet {
    set(&SNAPSHOT_COLUMNS, vec![snapshot_row(id, status)])
}

const SNAPSHOT_COLUMNS: [&str; 6] =
    ["Id", "CorrelationId", "UserId", "Status", "UpdatedAt", "Version"];

fn snapshot_row(id: CorrelationId, status: &str) -> Vec<Cell> {
    vec![
        Cell::BigInt(41),
        Cell::Guid(id.as_uuid()),
        "ada".into(),
        status.into(),
        Cell::BigInt(2_000),
        Cell::Int(2),
    ]
}

/// The answer to [`ADVANCE`].
pub fn advanced(outcome: &str, id: CorrelationId, status: &str) -> Vec<ResultSet> {
    let columns = [&["Outcome", "Sku", "Sequence"][..], &SNAPSHOT_COLUMNS].concat();
    let mut row = vec![outcome.into(), Cell::NullText, Cell::BigInt(2_017)];
    row.extend(snapshot_row(id, status));
    vec![set(&columns, vec![row])]
}

/// The answer to [`EXCHANGE`]: these acknowledgements were applied, and one job is leased.
pub fn exchanged(applied: &[i32]) -> Vec<ResultSet> {
    vec![
        set(&["Place"], applied.iter().map(|place| vec![Cell::Int(*place)]).collect()),
        set(
            &[
                "JobId",
                "Fence",
                "Queue",
                "Kind",
                "Args",
                "Attempt",
                "MaxAttempts",
                "CreatedAt",
                "TraceParent",
            ],
            vec![vec![
                Cell::BigInt(7),
                Cell::BigInt(3),
                "default".into(),
                "order.accepted".into(),
                Cell::LongText(format!("{{\"text\":\"{}\"}}", "ü".repeat(9_000))),
                Cell::Int(2),
                Cell::Int(5),
                Cell::BigInt(1_000),
                Cell::NullText,
            ]],
        ),
        set(&["NextDueMicros"], vec![vec![Cell::NullBigInt]]),
    ]
}
