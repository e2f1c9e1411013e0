//! Runs units of work.

use std::sync::Arc;
use std::time::Duration;

use tiberius::ToSql;

use super::connection_string::ConnectionString;
use super::error::Failure;
use super::options::RetryOptions;
use super::pool::{SessionPool, Usage};
use super::retry::next_try;
use super::row::Answer;
use super::session::SqlSession;
use super::unit::{Repeat, Unit};
use crate::adapters::Guard;
use crate::ports::StoreError;

/// One database behind one pool.
pub(super) struct MssqlDatabase {
    pool: SessionPool,
    retry: RetryOptions,
    handover: Duration,
    guard: Arc<Guard>,
    /// Where to read while this one cannot be reached.
    fallback: Option<Arc<MssqlDatabase>>,
}

impl MssqlDatabase {
    pub(super) fn new(
        name: &'static str,
        to: ConnectionString,
        retry: RetryOptions,
        handover: Duration,
        guard: Arc<Guard>,
        fallback: Option<Arc<Self>>,
    ) -> Self {
        Self { pool: SessionPool::new(name, to), retry, handover, guard, fallback }
    }

    /// Runs a unit, again where that is safe and useful (S1-Flow-3b), and returns its answer.
    pub(super) async fn run(
        &self,
        unit: &Unit,
        parameters: &[&dyn ToSql],
    ) -> Result<Answer, StoreError> {
        self.guard.call(self.run_unguarded(unit, parameters)).await
    }

    async fn run_unguarded(
        &self,
        unit: &Unit,
        parameters: &[&dyn ToSql],
    ) -> Result<Answer, StoreError> {
        match self.attempts(unit, parameters).await {
            Ok(answer) => Ok(answer),
            Err(failure) => match &self.fallback {
                Some(fallback)
                    if unit.repeat == Repeat::Harmless && failure.is_worth_another_try() =>
                {
                    fallback.attempts(unit, parameters).await.map_err(StoreError::from)
                }
                _ => Err(failure.into()),
            },
        }
    }

    async fn attempts(&self, unit: &Unit, parameters: &[&dyn ToSql]) -> Result<Answer, Failure> {
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(unit, parameters).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let Some(wait) = next_try(&self.retry, unit.repeat, &failure, attempt) else {
                return Err(failure);
            };
            tracing::debug!(unit = unit.name, attempt, error = %failure, "trying a unit of work again");
            metrics::counter!("contoso_mssql_retries_total", "reason" => failure.reason())
                .increment(1);
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, unit: &Unit, parameters: &[&dyn ToSql]) -> Result<Answer, Failure> {
        let mut session = self.pool.acquire().await?;
        metrics::counter!("contoso_mssql_roundtrips_total", "unit" => unit.name).increment(1);
        let answer = session.run(unit.sql, parameters, self.pool.statement_timeout()).await;
        drop(session);
        self.pool.observe();
        answer
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Whether another database answers while this one does not.
    pub(super) fn has_fallback(&self) -> bool {
        self.fallback.is_some()
    }

    /// How long a committed event is left to this process.
    pub(super) fn handover(&self) -> Duration {
        self.handover
    }

    /// One attempt, for a caller that wants to know how things are now.
    pub(super) async fn once(&self, unit: &Unit) -> Result<Answer, StoreError> {
        Ok(self.attempt(unit, &[]).await?)
    }

    /// A connection of its own, and how long a batch on it may take.
    pub(super) async fn dedicated(&self) -> Result<(SqlSession, Duration), StoreError> {
        Ok((self.pool.dedicated().await?, self.pool.statement_timeout()))
    }

    pub(super) fn usage(&self) -> Usage {
        self.pool.usage()
    }
}
