//! The system of record in SQL Server (2017 or newer, compatibility level 140 or newer).
//!
//! A unit of work is one batch, sent with its parameters in one round trip ([`mod@unit`]). A
//! connection whose batch did not end as it should is closed, never given to somebody else
//! ([`session`]). What may be sent again after an error, and why that is safe, is decided in
//! [`error`] and [`mod@unit`]. The statements are in `sql/`, each with its purpose, parameters,
//! results and locks.

mod connection_string;
mod database;
mod error;
mod health;
mod job_rows;
mod job_store;
mod manager;
mod options;
mod order_rows;
mod order_store;
mod outbox;
mod pool;
mod product_store;
mod reports;
mod retry;
mod rounds;
mod row;
mod schema;
mod session;
mod unit;

pub use connection_string::ConnectionStringError;
pub use options::{MssqlOptions, PoolOptions, RetryOptions};

use std::sync::Arc;

use crate::adapters::Guard;
use crate::ports::{StoreError, Stores};
use connection_string::ConnectionString;
use database::MssqlDatabase;
use health::MssqlHealth;

/// The stores in one SQL Server database, and a second way in for reports. Clones share the
/// connections.
#[derive(Clone)]
pub struct MssqlStore {
    main: Arc<MssqlDatabase>,
    reports: Arc<MssqlDatabase>,
}

impl MssqlStore {
    /// Reads the options and prepares the connections. It opens them in the background and does not
    /// wait for the server: a server that is out shows as [`crate::ports::StoreError::Unavailable`]
    /// and in the health check. Errors tell what is wrong with a connection string, without its
    /// secrets.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    pub fn connect(options: MssqlOptions) -> Result<Self, ConnectionStringError> {
        let main = ConnectionString::parse(&options.connection_string, &options.pool)?;
        let reports = match &options.read_only_connection_string {
            Some(text) => Some(ConnectionString::parse(text, &options.read_only_pool)?.read_only()),
            None => None,
        };
        let guard = Arc::new(Guard::new(StoreError::SQL, options.guard));
        let (retry, handover) = (options.retry, options.handover);
        let main =
            Arc::new(MssqlDatabase::new("main", main, retry, handover, Arc::clone(&guard), None));
        let reports = match reports {
            Some(reports) => {
                let fallback = options.read_only_fallback.then(|| main.clone());
                Arc::new(MssqlDatabase::new("reports", reports, retry, handover, guard, fallback))
            }
            None => main.clone(),
        };
        Ok(Self { main, reports })
    }

    /// Every port over the database. Reports use the connections with `ApplicationIntent=ReadOnly`
    /// where there is such a connection string (S1-Scale-3b).
    pub fn stores(&self) -> Stores {
        Stores {
            orders: Arc::new(order_store::MssqlOrderStore::new(self.main.clone())),
            products: Arc::new(product_store::MssqlProductStore::new(self.main.clone())),
            outbox: Arc::new(outbox::MssqlOutbox::new(self.main.clone())),
            jobs: Arc::new(job_store::MssqlJobStore::new(self.main.clone())),
            reports: Arc::new(reports::MssqlReports::new(self.reports.clone())),
            rounds: Arc::new(rounds::MssqlRounds::new(self.main.clone())),
            schema: Arc::new(schema::MssqlSchema::new(self.main.clone())),
            health: Arc::new(MssqlHealth::new("sql", self.main.clone())),
            report_health: (!Arc::ptr_eq(&self.main, &self.reports))
                .then(|| Arc::new(MssqlHealth::new("sql-reports", self.reports.clone())) as _),
        }
    }
}
