use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::database::SqliteDatabase;
use super::orders::{blob, correlation_id, status, timestamp};
use super::statement::{all, execute, first, insert, only};
use crate::domain::{EventId, OrderEvent, OrderId, OrderVersion, Timestamp};
use crate::ports::{Outbox, OutboxBacklog, OutboxEntry, StoreError};

pub(super) struct SqliteOutbox {
    database: Arc<SqliteDatabase>,
}

impl SqliteOutbox {
    pub(super) fn new(database: Arc<SqliteDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Outbox for SqliteOutbox {
    async fn claim(&self, limit: usize, lease: Duration) -> Result<Vec<OutboxEntry>, StoreError> {
        // An idle relay asks often and should not take the writer's time.
        let now = self.database.now().micros;
        let any = self.database.read(move |connection| {
            Ok(only(connection, sql!("outbox_claimable"), [now], |row| row.get(0))?)
        });
        if limit == 0 || !any.await? {
            return Ok(Vec::new());
        }
        self.database
            .write(move |connection, now| {
                let values = (now.micros, now.plus(lease).micros, limit);
                let mut entries = all(connection, sql!("outbox_claim"), values, read_entry)?;
                entries.sort_unstable_by_key(|entry| entry.sequence);
                Ok(entries)
            })
            .await
    }

    async fn mark_published(&self, sequences: &[i64]) -> Result<(), StoreError> {
        let sequences = sequences.to_vec();
        self.database
            .write(move |connection, now| {
                for sequence in sequences {
                    execute(connection, sql!("outbox_publish"), (sequence, now.micros))?;
                }
                Ok(())
            })
            .await
    }

    async fn read_after(
        &self,
        sequence: i64,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        self.database
            .read(move |connection| {
                Ok(all(connection, sql!("outbox_after"), (sequence, limit), read_entry)?)
            })
            .await
    }

    async fn of_order(
        &self,
        order: OrderId,
        after: OrderVersion,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let values = (order.0, after.number(), limit);
        self.database
            .read(move |connection| {
                Ok(all(connection, sql!("outbox_of_order"), values, read_entry)?)
            })
            .await
    }

    async fn last_sequence(&self) -> Result<i64, StoreError> {
        let last = self
            .database
            .read(|connection| Ok(first(connection, sql!("outbox_last"), [], |row| row.get(0))?))
            .await?;
        Ok(last.unwrap_or(0))
    }

    async fn backlog(&self) -> Result<OutboxBacklog, StoreError> {
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?));
        let (pending, oldest) = self
            .database
            .read(move |connection| Ok(only(connection, sql!("outbox_backlog"), [], read)?))
            .await?;
        let now = self.database.now();
        let oldest =
            oldest.map_or(Duration::ZERO, |micros| now.since(Timestamp::from_micros(micros)));
        Ok(OutboxBacklog { pending, oldest })
    }

    async fn prune(&self, keep: Duration, limit: usize) -> Result<u64, StoreError> {
        let before = self.database.now().minus(keep).micros;
        // The search may read much, so a reader does it; what is published stays published.
        let old: Vec<i64> = self
            .database
            .read(move |connection| {
                Ok(all(connection, sql!("outbox_prunable"), (before, limit), |row| row.get(0))?)
            })
            .await?;
        if old.is_empty() {
            return Ok(0);
        }
        self.database
            .write(move |connection, _| {
                let mut pruned = 0;
                for sequence in old {
                    pruned += execute(connection, sql!("outbox_delete"), [sequence])? as u64;
                }
                Ok(pruned)
            })
            .await
    }
}

/// Writes an event; `handover` long it is left to the process that commits it.
pub(super) fn insert_event(
    connection: &Connection,
    event: OrderEvent,
    handover: Duration,
) -> rusqlite::Result<OutboxEntry> {
    let values = (
        event.event_id.0.into_bytes(),
        blob(event.correlation_id),
        event.order_id.0,
        event.status.word(),
        event.version.number(),
        event.occurred_at.micros,
        &event.trace_parent,
        event.occurred_at.plus(handover).micros,
    );
    let sequence = insert(connection, sql!("outbox_insert"), values)?;
    Ok(OutboxEntry { sequence, event })
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<OutboxEntry> {
    Ok(OutboxEntry {
        sequence: row.get(0)?,
        event: OrderEvent {
            event_id: EventId(Uuid::from_bytes(row.get(1)?)),
            correlation_id: correlation_id(row, 2)?,
            order_id: OrderId(row.get(3)?),
            status: status(row, 4)?,
            version: match row.get::<_, Option<u32>>(7)? {
                Some(number) => OrderVersion::new(number),
                None => OrderVersion::usual(status(row, 4)?),
            },
            occurred_at: timestamp(row, 5)?,
            trace_parent: row.get(6)?,
        },
    })
}
