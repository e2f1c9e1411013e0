use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::database::MssqlDatabase;
use super::row::Cells;
use super::unit;
use crate::ports::{Rounds, StoreError};

pub(super) struct MssqlRounds {
    database: Arc<MssqlDatabase>,
}

impl MssqlRounds {
    pub(super) fn new(database: Arc<MssqlDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Rounds for MssqlRounds {
    async fn claim(
        &self,
        schedule: &str,
        every: Duration,
        claimant: Uuid,
    ) -> Result<bool, StoreError> {
        let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX).max(1);
        let answer = self.database.run(&unit::CLAIM_ROUND, &[&schedule, &every, &claimant]).await?;
        answer.row(0)?.cell("IsOurs")
    }
}
