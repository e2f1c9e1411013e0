use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::database::SqliteDatabase;
use super::statement::execute;
use crate::ports::{Rounds, StoreError};

pub(super) struct SqliteRounds {
    database: Arc<SqliteDatabase>,
}

impl SqliteRounds {
    pub(super) fn new(database: Arc<SqliteDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Rounds for SqliteRounds {
    async fn claim(
        &self,
        schedule: &str,
        every: Duration,
        claimant: Uuid,
    ) -> Result<bool, StoreError> {
        let name = schedule.to_owned();
        let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX).max(1);
        self.database
            .write(move |connection, now| {
                let begun = now.micros - now.micros.rem_euclid(every);
                let claim = (name, begun, claimant.into_bytes());
                Ok(execute(connection, sql!("round_claim"), claim)? == 1)
            })
            .await
    }
}
