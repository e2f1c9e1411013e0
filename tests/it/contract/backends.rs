//! The back ends the suites run over, and the values they are fed with.

use std::io::Write;
use std::sync::{Arc, Once};
use std::time::Duration;

use contoso_shop::adapters::sqlite::{SqliteOptions, SqliteStore};
use contoso_shop::domain::{
    CorrelationId, EventId, OrderDraft, QueueName, ServerId, Sku, Transition, UserId,
};
use contoso_shop::ports::{
    AdvanceOrder, Lease, NewJob, NewOrder, Placed, ServerInfo, Stores, SystemClock,
};
use futures_util::future::BoxFuture;

/// What a case gets: an empty, migrated database of its own.
pub struct Harness {
    /// The ports over it.
    pub stores: Stores,
    /// The ports of a further process over it.
    open: Box<dyn Fn(Duration) -> Stores + Send + Sync>,
    /// Changes rows behind the ports' back.
    tamper: Box<dyn Fn(Tampering) -> BoxFuture<'static, ()> + Send + Sync>,
    /// Lives as long as the case.
    _folder: Option<tempfile::TempDir>,
}

/// What no port can do and a case needs. Every back end does it with its own SQL.
pub enum Tampering {
    /// Sets the pieces left of a product.
    Stock(Sku, u32),
    /// Sets the price of a product, in cents.
    Price(Sku, i64),
    /// Makes a product inactive.
    Withdraw(Sku),
    /// Adds a cent to the unit price of every line of an order.
    LinePrice(CorrelationId),
    /// Makes an order as the release before accepted them: nothing is taken from stock.
    NothingTaken(CorrelationId),
    /// Makes every idempotency record this much older.
    AgeIdempotency(Duration),
    /// Makes the schema's version this number.
    SchemaVersion(u32),
}

impl Harness {
    /// A database that `open` opens, for processes whose events are left to them for the given time.
    pub fn new(
        open: impl Fn(Duration) -> Stores + Send + Sync + 'static,
        folder: Option<tempfile::TempDir>,
        tamper: impl Fn(Tampering) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        let stores = open(Duration::ZERO);
        Self { stores, open: Box::new(open), tamper: Box::new(tamper), _folder: folder }
    }

    /// The ports of a further process, whose events are left to it for `handover`.
    pub fn stores_with_handover(&self, handover: Duration) -> Stores {
        (self.open)(handover)
    }

    /// Changes rows behind the ports' back.
    pub async fn tamper(&self, what: Tampering) {
        (self.tamper)(what).await;
    }

    /// Places an order and expects that it is stored.
    pub async fn created(&self, order: NewOrder) -> contoso_shop::domain::Order {
        match self.stores.orders.place(order).await.expect("place") {
            Placed::Created(order, _) => order,
            other => panic!("expected a new order, got {other:?}"),
        }
    }
}

/// A migrated SQLite file in a folder of its own.
pub async fn sqlite() -> Harness {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("shop.db");
    let file = path.clone();
    let open = move |handover| {
        let options = SqliteOptions { handover, ..SqliteOptions::new(&file) };
        SqliteStore::open(options, Arc::new(SystemClock)).expect("open").stores()
    };
    let harness = Harness::new(open, Some(folder), move |what| {
        let path = path.clone();
        Box::pin(async move {
            let connection = rusqlite::Connection::open(path).expect("second connection");
            let changed = match what {
                Tampering::Stock(sku, pieces) => {
                    connection.execute("UPDATE Product SET Stock = ?2 WHERE Sku = ?1", (sku.as_str(), pieces))
                }
                Tampering::Price(sku, cents) => {
                    connection.execute("UPDATE Product SET PriceCents = ?2 WHERE Sku = ?1", (sku.as_str(), cents))
                }
                Tampering::Withdraw(sku) => connection.execute("UPDATE Product SET IsActive = 0 WHERE Sku = ?1", [sku.as_str()]),
                Tampering::LinePrice(id) => connection.execute(
                    r#"UPDATE OrderItem SET UnitPriceCents = UnitPriceCents + 1
                       WHERE OrderId = (SELECT Id FROM "Order" WHERE CorrelationId = ?1)"#,
                    [id.as_uuid().into_bytes()],
                ),
                Tampering::NothingTaken(id) => connection.execute(
                    r#"UPDATE OrderItem SET Taken = NULL
                       WHERE OrderId = (SELECT Id FROM "Order" WHERE CorrelationId = ?1)"#,
                    [id.as_uuid().into_bytes()],
                ),
                Tampering::AgeIdempotency(age) => connection.execute(
                    "UPDATE IdempotencyRecord SET CreatedAt = CreatedAt - ?1",
                    [i64::try_from(age.as_micros()).expect("age")],
                ),
                Tampering::SchemaVersion(version) => connection
                    .execute("INSERT INTO SchemaVersion (Version, Name, AppliedAt) VALUES (?1, 'from the future', 0)", [version]),
            };
            assert!(changed.expect("tamper") > 0, "tampering changed no row");
        })
    });
    harness.stores.schema.migrate().await.expect("migrate");
    harness
}

const SKIPPED: &[u8] =
    b"\nSKIPPED: the contract suites over SQL Server, because TEST_MSSQL_URL is not set\n";

/// A database of its own on the server of `TEST_MSSQL_URL`, an ADO.NET connection string; `None`,
/// said loudly, when there is none.
pub async fn mssql() -> Option<Harness> {
    static SAID: Once = Once::new();
    let Ok(server) = std::env::var("TEST_MSSQL_URL") else {
        // Not eprintln!, which the test harness swallows for tests that pass.
        SAID.call_once(|| drop(std::io::stderr().write_all(SKIPPED)));
        return None;
    };
    Some(super::mssql_server::harness(&server).await)
}

/// A seeded product that cannot run out, 10 % off.
pub fn course() -> Sku {
    Sku::parse("AZ-700").expect("sku")
}

/// A seeded product with many pieces.
pub fn keyboard() -> Sku {
    Sku::parse("KB-100").expect("sku")
}

/// A seeded product with 3 pieces.
pub fn lamp() -> Sku {
    Sku::parse("LTD-001").expect("sku")
}

/// The queue most cases use.
pub fn queue(name: &str) -> QueueName {
    QueueName::parse(name).expect("queue name")
}

/// A job that is due at once.
pub fn job(queue_name: &str) -> NewJob {
    NewJob {
        queue: queue(queue_name),
        kind: "test.noop".to_owned(),
        args: r#"{"n":1}"#.to_owned(),
        delay: Duration::ZERO,
        max_attempts: 5,
        unique_key: None,
        trace_parent: None,
    }
}

/// A job server under a name of its own.
pub fn server(name: &str, queues: &[&str]) -> ServerInfo {
    let id = ServerId::new(format!("{name}:1:{}", uuid::Uuid::new_v4()));
    ServerInfo { id, worker_count: 4, queues: queues.iter().map(|name| queue(name)).collect() }
}

/// An order of these products and quantities.
pub fn order(user: &str, lines: &[(&Sku, i64)]) -> NewOrder {
    NewOrder {
        correlation_id: CorrelationId::generate(),
        user: UserId::new(user),
        draft: OrderDraft::parse(lines.iter().map(|(sku, n)| (sku.as_str(), *n))).expect("draft"),
        idempotency: None,
        event_id: EventId::generate(),
        job: job("default"),
    }
}

/// A move without a lease.
pub fn step(correlation_id: CorrelationId, transition: Transition) -> AdvanceOrder {
    AdvanceOrder {
        correlation_id,
        transition,
        reason: None,
        lease: None,
        failed_job: None,
        event_id: EventId::generate(),
        trace_parent: None,
    }
}

/// The same move under a lease.
pub fn leased(step: AdvanceOrder, lease: Lease) -> AdvanceOrder {
    AdvanceOrder { lease: Some(lease), ..step }
}
