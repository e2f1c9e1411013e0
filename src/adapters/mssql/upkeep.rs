use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::database::Database;
use super::row::{Cells, odd};
use super::unit;
use crate::domain::CorrelationId;
use crate::ports::{HeldLock, RoundClaim, StoreError, Upkeep};

pub(super) struct MssqlUpkeep {
    database: Arc<Database>,
}

impl MssqlUpkeep {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Upkeep for MssqlUpkeep {
    async fn claim_round(&self, held: &HeldLock, round: i64) -> Result<RoundClaim, StoreError> {
        let answer = self
            .database
            .run(&unit::CLAIM_ROUND, &[&held.name.as_str(), &held.fence, &round])
            .await?;
        match answer.row(0)?.cell("Outcome")? {
            "ours" => Ok(RoundClaim::Ours),
            "done" => Ok(RoundClaim::Done),
            "late" => Ok(RoundClaim::Late),
            _ => Err(odd("Outcome")),
        }
    }

    async fn stuck_orders(
        &self,
        quiet: Duration,
        limit: usize,
    ) -> Result<Vec<CorrelationId>, StoreError> {
        let quiet = i64::try_from(quiet.as_micros()).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let answer = self.database.run(&unit::STUCK_ORDERS, &[&quiet, &limit]).await?;
        answer.read(0, |row| row.cell::<Uuid>("CorrelationId").map(CorrelationId::from))
    }
}
