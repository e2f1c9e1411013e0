use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::database::Database;
use super::orders::correlation_id;
use super::statement::{all, execute};
use crate::domain::CorrelationId;
use crate::ports::{HeldLock, RoundClaim, StoreError, Upkeep};

pub(super) struct SqliteUpkeep {
    database: Arc<Database>,
}

impl SqliteUpkeep {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Upkeep for SqliteUpkeep {
    async fn claim_round(&self, held: &HeldLock, round: i64) -> Result<RoundClaim, StoreError> {
        let (name, fence) = (held.name.clone(), held.fence);
        self.database
            .write(move |connection, _| {
                if execute(connection, sql!("lock_fence_pass"), (&name, fence))? == 0 {
                    return Ok(RoundClaim::Late);
                }
                let claimed =
                    execute(connection, sql!("schedule_claim"), (&name, round, fence))? == 1;
                Ok(if claimed { RoundClaim::Ours } else { RoundClaim::Done })
            })
            .await
    }

    async fn stuck_orders(
        &self,
        quiet: Duration,
        limit: usize,
    ) -> Result<Vec<CorrelationId>, StoreError> {
        let before = self.database.now().minus(quiet).micros;
        self.database
            .read(move |connection| {
                Ok(all(connection, sql!("order_stuck"), (before, limit), |row| {
                    correlation_id(row, 0)
                })?)
            })
            .await
    }
}
