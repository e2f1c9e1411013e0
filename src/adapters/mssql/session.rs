//! One connection.

use std::time::{Duration, Instant};

use bb8_tiberius::rt::Client;
use futures_util::TryStreamExt;
use tiberius::{QueryItem, ToSql};

use super::error::Failure;
use super::row::Answer;

/// A connection that knows whether it may be used again. It may not from the moment a batch is sent
/// until its whole answer is there: a caller that goes away, an error and a timeout all leave a
/// transaction in an unknown state behind.
pub(super) struct SqlSession {
    client: Client,
    unsettled: bool,
    used_at: Instant,
}

impl SqlSession {
    pub(super) fn new(client: Client) -> Self {
        Self { client, unsettled: false, used_at: Instant::now() }
    }

    /// Sends a batch with its parameters, `@P1` and so on, and collects its answer. One round trip.
    pub(super) async fn run(
        &mut self,
        sql: &str,
        parameters: &[&dyn ToSql],
        limit: Duration,
    ) -> Result<Answer, Failure> {
        self.unsettled = true;
        let answer = tokio::time::timeout(limit, self.collect(sql, parameters))
            .await
            .map_err(|_| Failure::Silent(limit))?;
        let answer = answer.map_err(|error| Failure::after_sending(&error))?;
        self.unsettled = false;
        self.used_at = Instant::now();
        Ok(answer)
    }

    async fn collect(&mut self, sql: &str, parameters: &[&dyn ToSql]) -> tiberius::Result<Answer> {
        let mut stream = self.client.query(sql, parameters).await?;
        // Not into_results, which loses an empty result set between two others.
        let mut answer = Answer::default();
        while let Some(item) = stream.try_next().await? {
            match item {
                QueryItem::Metadata(_) => answer.begin(),
                QueryItem::Row(row) => answer.push(row),
            }
        }
        Ok(answer)
    }

    /// Whether it must be closed.
    pub(super) fn is_unsettled(&self) -> bool {
        self.unsettled
    }

    /// How long it has not been used.
    pub(super) fn unused_for(&self) -> Duration {
        self.used_at.elapsed()
    }
}
