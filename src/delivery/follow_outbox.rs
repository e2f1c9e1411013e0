use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::Instant;

use super::deliver::{DeliverError, DeliverEvent};
use super::positions::{LOOK_BACK, OutboxPositions};
use crate::ports::{Outbox, OutboxEntry, StoreError};

/// Entries read at a time.
const PAGE: usize = 500;
/// Orders whose events are delivered at the same time.
const ORDERS_AT_ONCE: usize = 32;
/// Each look goes back so far: an entry may be committed after one with a higher sequence.
const OVERLAP: Duration = Duration::from_secs(2);

/// Tells the connections of this pod what the outbox holds, while events do not come over the
/// stream. It claims and marks nothing; a connection that heard a version does not hear it again.
pub(super) struct CatchUp {
    outbox: Arc<dyn Outbox>,
    deliver: DeliverEvent,
    positions: OutboxPositions,
    back: Duration,
    told: BTreeSet<i64>,
}

impl CatchUp {
    /// A catch-up that begins as far back as an interruption may have gone unnoticed.
    pub fn new(outbox: Arc<dyn Outbox>, deliver: DeliverEvent, positions: OutboxPositions) -> Self {
        Self { outbox, deliver, positions, back: LOOK_BACK, told: BTreeSet::new() }
    }

    /// Reads to the end of the outbox and delivers what was not delivered by an earlier look. Errs
    /// when something must be tried again.
    pub async fn look(&mut self) -> Result<(), StoreError> {
        if self.positions.is_empty() {
            // The pod has just started: nothing was missed.
            return Ok(());
        }
        let mut at = self.positions.before(self.back, Instant::now());
        self.told = self.told.split_off(&at);
        loop {
            let entries = self.outbox.read_after(at, PAGE).await?;
            let Some(last) = entries.last() else { break };
            let (end, is_full) = (last.sequence, entries.len() == PAGE);
            self.deliver(entries).await?;
            at = end;
            if !is_full {
                break;
            }
        }
        self.positions.note(Instant::now(), at);
        self.back = OVERLAP;
        Ok(())
    }

    async fn deliver(&mut self, mut entries: Vec<OutboxEntry>) -> Result<(), StoreError> {
        entries.retain(|entry| !self.told.contains(&entry.sequence));
        let count = entries.len();
        let orders = by_order(entries);
        let told: Vec<i64> = stream::iter(orders)
            .map(|entries| self.deliver_order(entries))
            .buffer_unordered(ORDERS_AT_ONCE)
            .concat()
            .await;
        let all = told.len() == count;
        metrics::counter!("contoso_events_from_outbox_total").increment(told.len() as u64);
        self.told.extend(told);
        if all { Ok(()) } else { Err(StoreError::unavailable("not every event was delivered")) }
    }

    /// One order's events in their order, up to the first failure.
    async fn deliver_order(&self, entries: Vec<OutboxEntry>) -> Vec<i64> {
        let mut told = Vec::with_capacity(entries.len());
        for OutboxEntry { sequence, event } in entries {
            match self.deliver.here(&event, self.positions.committed_by(sequence)).await {
                Ok(()) | Err(DeliverError::UnknownOrder) => told.push(sequence),
                Err(error) => {
                    tracing::debug!(%error, correlationId = %event.correlation_id, "an event must wait");
                    break;
                }
            }
        }
        told
    }
}

/// Groups entries by order, keeping their sequence within each.
fn by_order(entries: Vec<OutboxEntry>) -> Vec<Vec<OutboxEntry>> {
    let mut orders = std::collections::HashMap::<_, Vec<_>>::new();
    for entry in entries {
        orders.entry(entry.event.correlation_id).or_default().push(entry);
    }
    orders.into_values().collect()
}
