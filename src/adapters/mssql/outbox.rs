use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tiberius::Row;
use uuid::Uuid;

use super::database::MssqlDatabase;
use super::job_rows::micros;
use super::row::{Cells, odd};
use super::unit;
use crate::domain::{CorrelationId, EventId, OrderEvent, OrderId, OrderStatus, OrderVersion};
use crate::ports::{Outbox, OutboxBacklog, OutboxEntry, StoreError};

pub(super) struct MssqlOutbox {
    database: Arc<MssqlDatabase>,
}

impl MssqlOutbox {
    pub(super) fn new(database: Arc<MssqlDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Outbox for MssqlOutbox {
    async fn claim(&self, limit: usize, lease: Duration) -> Result<Vec<OutboxEntry>, StoreError> {
        self.database
            .run(&unit::OUTBOX_CLAIM, &[&many(limit), &micros(lease)])
            .await?
            .read(0, entry)
    }

    async fn mark_published(&self, sequences: &[i64]) -> Result<(), StoreError> {
        if !sequences.is_empty() {
            self.database.run(&unit::OUTBOX_MARK, &[&json!(sequences).to_string()]).await?;
        }
        Ok(())
    }

    async fn read_after(
        &self,
        sequence: i64,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        self.database
            .run(&unit::OUTBOX_READ_AFTER, &[&sequence, &many(limit)])
            .await?
            .read(0, entry)
    }

    async fn of_order(
        &self,
        order: OrderId,
        after: OrderVersion,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let after = i32::try_from(after.number()).unwrap_or(i32::MAX);
        self.database
            .run(&unit::OUTBOX_OF_ORDER, &[&order.0, &after, &many(limit)])
            .await?
            .read(0, entry)
    }

    async fn last_sequence(&self) -> Result<i64, StoreError> {
        let answer = self.database.run(&unit::OUTBOX_LAST, &[]).await?;
        Ok(answer.first(0, |row| row.cell("Sequence"))?.unwrap_or(0))
    }

    async fn backlog(&self) -> Result<OutboxBacklog, StoreError> {
        let answer = self.database.run(&unit::OUTBOX_BACKLOG, &[]).await?;
        let row = answer.row(0)?;
        // The clock may have been set back since the oldest entry was written.
        let oldest = u64::try_from(row.cell::<i64>("OldestMicros")?).unwrap_or(0);
        Ok(OutboxBacklog { pending: row.count("Pending")?, oldest: Duration::from_micros(oldest) })
    }

    async fn prune(&self, keep: Duration, limit: usize) -> Result<u64, StoreError> {
        self.database
            .run(&unit::OUTBOX_PRUNE, &[&micros(keep), &many(limit)])
            .await?
            .row(0)?
            .count("Affected")
    }
}

fn many(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn entry(row: &Row) -> Result<OutboxEntry, StoreError> {
    let status = OrderStatus::from_word(row.cell("Status")?).ok_or_else(|| odd("Status"))?;
    let version = match row.maybe::<i32>("Version")? {
        Some(number) => OrderVersion::new(u32::try_from(number).map_err(|_| odd("Version"))?),
        None => OrderVersion::usual(status),
    };
    Ok(OutboxEntry {
        sequence: row.cell("Sequence")?,
        event: OrderEvent {
            event_id: EventId(row.cell("EventId")?),
            correlation_id: CorrelationId::from(row.cell::<Uuid>("CorrelationId")?),
            order_id: OrderId(row.cell("OrderId")?),
            status,
            version,
            occurred_at: row.instant("OccurredAt")?,
            trace_parent: row.maybe::<&str>("TraceParent")?.map(str::to_owned),
        },
    })
}
