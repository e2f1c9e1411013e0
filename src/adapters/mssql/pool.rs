//! The connections of one connection string.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bb8::{ErrorSink, PooledConnection, RunError};
use tokio::sync::watch;

use super::connection_string::ConnectionString;
use super::error::{ConnectError, Failure};
use super::manager::{Manager, ManagerError};
use super::options::PoolOptions;

/// A bounded set of connections.
pub(super) struct SessionPool {
    name: &'static str,
    pool: bb8::Pool<Manager>,
    options: PoolOptions,
    /// The last connection that could not be opened.
    refusals: watch::Sender<Option<ConnectError>>,
}

/// How full a pool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) in_use: u32,
    pub(super) idle: u32,
    pub(super) max: u32,
    pub(super) waiting: u64,
}

impl SessionPool {
    /// Prepares the pool; connections are opened in the background.
    pub(super) fn new(
        name: &'static str,
        ConnectionString { config, pool: options }: ConnectionString,
    ) -> Self {
        let (refusals, _) = watch::channel(None);
        let pool = bb8::Pool::builder()
            .max_size(options.max)
            .min_idle(options.min)
            .connection_timeout(options.acquire_timeout)
            .idle_timeout(options.idle_timeout)
            .max_lifetime(options.lifetime)
            // Whoever wants a connection tries again; the pool's own tries would go on when nobody
            // wants one any more.
            .retry_connection(false)
            .error_sink(Box::new(Refusals { last: refusals.clone(), told: Arc::default() }))
            .build_unchecked(Manager::new(config, options.connect_timeout));
        Self { name, pool, options, refusals }
    }

    /// A connection, waiting up to the acquire timeout for it. When none is open and none can be
    /// opened it does not wait.
    pub(super) async fn acquire(&self) -> Result<PooledConnection<'_, Manager>, Failure> {
        let start = Instant::now();
        let got = tokio::select! {
            got = self.pool.get() => got.map_err(|error| match error {
                RunError::User(ManagerError::Connect(error)) => Failure::Connect(error),
                RunError::User(ManagerError::Stale) | RunError::TimedOut => Failure::Exhausted(self.options.acquire_timeout),
            }),
            error = self.refused() => Err(Failure::Connect(error)),
        };
        metrics::histogram!("contoso_mssql_acquire_seconds", "pool" => self.name)
            .record(start.elapsed().as_secs_f64());
        self.observe();
        got
    }

    /// Returns when a connection could not be opened and there is no other to wait for.
    async fn refused(&self) -> ConnectError {
        let mut refusals = self.refusals.subscribe();
        loop {
            // The sender lives in `self`.
            if refusals.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            let refusal = refusals.borrow_and_update().clone();
            if let (Some(refusal), 0) = (refusal, self.pool.state().connections) {
                return refusal;
            }
        }
    }

    /// A connection outside the pool, for locks that live as long as the connection.
    pub(super) async fn dedicated(&self) -> Result<super::session::SqlSession, Failure> {
        self.pool.dedicated_connection().await.map_err(|error| match error {
            ManagerError::Connect(error) => Failure::Connect(error),
            ManagerError::Stale => {
                Failure::Connect(ConnectError::new("the connection was closed at once"))
            }
        })
    }

    pub(super) fn statement_timeout(&self) -> Duration {
        self.options.statement_timeout
    }

    pub(super) fn usage(&self) -> Usage {
        let state = self.pool.state();
        Usage {
            in_use: state.connections - state.idle_connections,
            idle: state.idle_connections,
            max: self.options.max,
            waiting: state.statistics.pending_gets(),
        }
    }

    /// Brings the gauges up to date.
    pub(super) fn observe(&self) {
        let usage = self.usage();
        let states = [("in_use", usage.in_use), ("idle", usage.idle), ("max", usage.max)];
        for (state, connections) in states {
            metrics::gauge!("contoso_mssql_pool_connections", "pool" => self.name, "state" => state).set(f64::from(connections));
        }
    }
}

/// While connections cannot be opened, one line in this time says so; there is an attempt for every
/// request.
const QUIET: Duration = Duration::from_secs(10);

/// Passes on why connections could not be opened.
#[derive(Debug, Clone)]
struct Refusals {
    last: watch::Sender<Option<ConnectError>>,
    /// When it was logged last.
    told: Arc<Mutex<Option<Instant>>>,
}

impl Refusals {
    fn is_due(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.is_none_or(|at| at.elapsed() >= QUIET);
        if due {
            *told = Some(Instant::now());
        }
        due
    }
}

impl ErrorSink<ManagerError> for Refusals {
    fn sink(&self, error: ManagerError) {
        match error {
            ManagerError::Connect(error) => {
                if self.is_due() {
                    tracing::warn!(%error, "cannot open a SQL Server connection");
                }
                self.last.send_replace(Some(error));
            }
            ManagerError::Stale => tracing::debug!("an idle SQL Server connection was dead"),
        }
    }

    fn boxed_clone(&self) -> Box<dyn ErrorSink<ManagerError>> {
        Box::new(self.clone())
    }
}
