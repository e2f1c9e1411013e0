use std::fmt;
use std::time::Duration;

use crate::adapters::GuardSettings;
use crate::ports::HANDOVER;
use crate::resilience::Backoff;

/// How [`super::MssqlStore::connect`] reaches the server.
#[derive(Clone)]
pub struct MssqlOptions {
    /// ADO.NET connection string of the system of record. Its own keys win over
    /// [`MssqlOptions::pool`].
    pub connection_string: String,
    /// ADO.NET connection string of a replica for reports; `ApplicationIntent=ReadOnly` is added.
    /// `None`: reports read from the system of record.
    pub read_only_connection_string: Option<String>,
    /// Whether reports read from the system of record while the replica cannot be reached.
    pub read_only_fallback: bool,
    /// Connections to the system of record.
    pub pool: PoolOptions,
    /// Connections to the replica.
    pub read_only_pool: PoolOptions,
    /// How often a unit of work is tried.
    pub retry: RetryOptions,
    /// Deadline and breaker of every call, all its tries included.
    pub guard: GuardSettings,
    /// How long a committed event is left to this process, see [`HANDOVER`]; zero when it publishes
    /// nothing itself.
    pub handover: Duration,
}

impl MssqlOptions {
    /// This connection string with the defaults of everything else.
    pub fn new(connection_string: impl Into<String>) -> Self {
        Self {
            connection_string: connection_string.into(),
            read_only_connection_string: None,
            read_only_fallback: true,
            pool: PoolOptions::default(),
            read_only_pool: PoolOptions { max: 40, min: 5, ..PoolOptions::default() },
            retry: RetryOptions::default(),
            guard: GuardSettings::SQL,
            handover: HANDOVER,
        }
    }
}

impl fmt::Debug for MssqlOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MssqlOptions")
            .field("pool", &self.pool)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// Bounds of a connection pool (S1-Res-2a). The sum of `max` over all processes must stay below
/// what the server allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOptions {
    /// Connections at most. `Max Pool Size`.
    pub max: u32,
    /// Connections that are kept open, if need be idle. `Min Pool Size`.
    pub min: u32,
    /// How long a caller waits for a connection. `Connect Timeout`.
    pub acquire_timeout: Duration,
    /// How long opening a connection may take, login included. `Connect Timeout`.
    pub connect_timeout: Duration,
    /// How long one batch may take, and the wait for its answer. `Command Timeout`.
    pub statement_timeout: Duration,
    /// How long a connection beyond `min` stays open unused.
    pub idle_timeout: Duration,
    /// How long a connection is used in all. `Connection Lifetime`.
    pub lifetime: Duration,
}

impl Default for PoolOptions {
    /// 60 connections, 10 of them kept; 10 s to get one, 15 s to open one, 30 s
    /// per batch; closed after 5 min unused and after 10 min in all.
    fn default() -> Self {
        Self {
            max: 60,
            min: 10,
            acquire_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(15),
            statement_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(300),
            lifetime: Duration::from_secs(600),
        }
    }
}

/// How often a unit of work is tried, and how long it waits in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryOptions {
    /// Tries in all, at least 1.
    pub attempts: u32,
    /// The waits.
    pub backoff: Backoff,
}

impl Default for RetryOptions {
    /// 3 tries, 100 ms to 2 s apart.
    fn default() -> Self {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        Self { attempts: 3, backoff }
    }
}
