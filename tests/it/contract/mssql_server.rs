//! A database of its own on a real SQL Server.

use std::sync::Arc;

use bb8::ManageConnection;
use bb8_tiberius::{ConnectionManager, rt::Client};
use contoso_shop::adapters::mssql::{MssqlOptions, MssqlStore};
use tiberius::{Config, ToSql};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::backends::{Harness, Tampering};

/// A migrated, empty database, deleted with the harness. `server` is an ADO.NET connection string
/// of somebody who may create one; its `Database` is ignored.
pub async fn harness(server: &str) -> Harness {
    let name = format!("contoso_test_{}", Uuid::new_v4().simple());
    let text: Vec<_> = server
        .split(';')
        .filter(|pair| !pair.trim().to_lowercase().starts_with("database"))
        .collect();
    let text = text.join(";");
    create(&text, &name).await;
    let database = Arc::new(Database { server: text.clone(), name: name.clone() });
    let open = move |handover| {
        let mut options = MssqlOptions::new(format!("{text};Database={name}"));
        options.handover = handover;
        (options.pool.max, options.pool.min) = (10, 0);
        MssqlStore::connect(options).expect("TEST_MSSQL_URL").stores()
    };
    let harness = Harness::new(open, None, move |what| {
        let database = database.clone();
        Box::pin(async move { database.tamper(what).await })
    });
    harness.stores.schema.migrate().await.expect("migrate");
    harness
}

async fn create(server: &str, name: &str) {
    // Each copies the database `model`, which SQL Server locks for it: two at once end with 1807.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    let _turn = ONE_AT_A_TIME.lock().await;
    let mut client = connect(server, "master").await;
    client.simple_query(format!("CREATE DATABASE [{name}]")).await.expect("CREATE DATABASE");
}

async fn connect(server: &str, database: &str) -> Client {
    let mut config = Config::from_ado_string(server).expect("TEST_MSSQL_URL");
    config.database(database);
    ConnectionManager::new(config).connect().await.expect("the server of TEST_MSSQL_URL")
}

struct Database {
    server: String,
    name: String,
}

impl Database {
    async fn tamper(&self, what: Tampering) {
        let (sql, values): (&str, Vec<Box<dyn ToSql>>) = match what {
            Tampering::Stock(sku, pieces) => (
                "UPDATE dbo.Product SET Stock = @P2 WHERE Sku = @P1",
                vec![Box::new(sku.as_str().to_owned()), Box::new(i64::from(pieces))],
            ),
            Tampering::Price(sku, cents) => (
                "UPDATE dbo.Product SET PriceCents = @P2 WHERE Sku = @P1",
                vec![Box::new(sku.as_str().to_owned()), Box::new(cents)],
            ),
            Tampering::Withdraw(sku) => (
                "UPDATE dbo.Product SET IsActive = 0 WHERE Sku = @P1",
                vec![Box::new(sku.as_str().to_owned())],
            ),
            Tampering::LinePrice(id) => (
                "UPDATE dbo.OrderItem SET UnitPriceCents = UnitPriceCents + 1
                 WHERE OrderId = (SELECT Id FROM dbo.[Order] WHERE CorrelationId = @P1)",
                vec![Box::new(id.as_uuid())],
            ),
            Tampering::NothingTaken(id) => (
                "UPDATE dbo.OrderItem SET Taken = NULL
                 WHERE OrderId = (SELECT Id FROM dbo.[Order] WHERE CorrelationId = @P1)",
                vec![Box::new(id.as_uuid())],
            ),
            Tampering::AgeIdempotency(age) => (
                "UPDATE dbo.IdempotencyRecord SET CreatedAt = CreatedAt - @P1",
                vec![Box::new(i64::try_from(age.as_micros()).expect("age"))],
            ),
            Tampering::SchemaVersion(version) => (
                "INSERT INTO dbo.SchemaVersion (Version, Name, AppliedAt) VALUES (@P1, N'from the future', 0)",
                vec![Box::new(i64::from(version))],
            ),
        };
        let values: Vec<&dyn ToSql> = values.iter().map(AsRef::as_ref).collect();
        let mut client = connect(&self.server, &self.name).await;
        let changed = client.execute(sql, &values).await.expect("tamper");
        assert!(changed.total() > 0, "tampering changed no row");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // Drop cannot wait, and the runtime of the test may be about to end.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("runtime");
            runtime.block_on(async {
                let sql = format!("ALTER DATABASE [{name}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE; DROP DATABASE [{name}]");
                connect(&server, "master").await.simple_query(sql).await.expect("DROP DATABASE");
            });
        });
        let _ = dropping.join();
    }
}
