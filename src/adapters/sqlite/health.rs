use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::database::SqliteDatabase;
use crate::ports::{ComponentHealth, Health, HealthProbe, StoreError};

/// A read that takes longer than this makes the component degraded.
const SLOW: Duration = Duration::from_millis(100);

pub(super) struct SqliteHealth {
    database: Arc<SqliteDatabase>,
}

impl SqliteHealth {
    pub(super) fn new(database: Arc<SqliteDatabase>) -> Self {
        Self { database }
    }

    async fn look(&self) -> Result<Value, StoreError> {
        if !self.database.is_writable() {
            return Err(StoreError::unavailable("the writer has ended"));
        }
        let mode: String = self
            .database
            .read_unguarded(|connection| {
                Ok(connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?)
            })
            .await?;
        let bytes = tokio::fs::metadata(self.database.path())
            .await
            .map(|file| file.len())
            .map_err(StoreError::unavailable)?;
        Ok(
            json!({ "store": "sqlite", "journalMode": mode, "fileBytes": bytes, "writerQueue": self.database.queue_length() }),
        )
    }
}

#[async_trait]
impl HealthProbe for SqliteHealth {
    fn name(&self) -> &'static str {
        "sql"
    }

    async fn check(&self, deadline: Duration) -> ComponentHealth {
        let start = Instant::now();
        let found = tokio::time::timeout(deadline, self.look()).await;
        let took = start.elapsed();
        let (status, data) = match found {
            Ok(Ok(data)) if took < SLOW => (Health::Healthy, data),
            Ok(Ok(data)) => (Health::Degraded, data),
            Ok(Err(_)) => (Health::Unhealthy, json!({ "store": "sqlite", "state": "failing" })),
            Err(_) => {
                (Health::Unhealthy, json!({ "store": "sqlite", "state": "no answer in time" }))
            }
        };
        let duration_ms = took.as_secs_f64() * 1000.0;
        self.database.guard().tell(ComponentHealth { status, duration_ms, data })
    }
}
