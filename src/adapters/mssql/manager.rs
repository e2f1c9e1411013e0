//! How the pool opens, checks and gives up connections.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use bb8::ManageConnection;
use futures_util::FutureExt;

use super::error::ConnectError;
use super::session::SqlSession;
use super::unit::PING;

/// A connection that has not been used for longer is asked first whether it is still there; younger
/// ones are not, for that would be a second round trip per unit of work.
const TRUSTED: Duration = Duration::from_secs(15);

/// What the pool learns of a connection it cannot have.
#[derive(Debug, Clone)]
pub(super) enum ManagerError {
    /// A new one could not be opened.
    Connect(ConnectError),
    /// An idle one was found dead; the pool takes another.
    Stale,
}

pub(super) struct Manager {
    driver: bb8_tiberius::ConnectionManager,
    connect_timeout: Duration,
}

impl Manager {
    pub(super) fn new(config: tiberius::Config, connect_timeout: Duration) -> Self {
        Self { driver: bb8_tiberius::ConnectionManager::new(config), connect_timeout }
    }

    /// Opens a connection that does not belong to the pool.
    pub(super) async fn open(&self) -> Result<SqlSession, ConnectError> {
        // tiberius panics when the system has no CA certificates, and the pool would wait for that
        // connection for ever.
        let opening = AssertUnwindSafe(self.driver.connect()).catch_unwind();
        match tokio::time::timeout(self.connect_timeout, opening).await {
            Ok(Ok(client)) => Ok(SqlSession::new(client?)),
            Ok(Err(_panic)) => {
                Err(ConnectError::new("the driver gave up on TLS: are CA certificates installed?"))
            }
            Err(_elapsed) => Err(ConnectError::new(format!(
                "no SQL Server connection within {:?}",
                self.connect_timeout
            ))),
        }
    }
}

impl ManageConnection for Manager {
    type Connection = SqlSession;
    type Error = ManagerError;

    async fn connect(&self) -> Result<SqlSession, ManagerError> {
        self.open().await.map_err(ManagerError::Connect)
    }

    async fn is_valid(&self, session: &mut SqlSession) -> Result<(), ManagerError> {
        if session.unused_for() < TRUSTED {
            return Ok(());
        }
        session
            .run(PING.sql, &[], self.connect_timeout)
            .await
            .map(drop)
            .map_err(|_| ManagerError::Stale)
    }

    fn has_broken(&self, session: &mut SqlSession) -> bool {
        session.is_unsettled()
    }
}
