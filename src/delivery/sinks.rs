use std::sync::Arc;

use async_trait::async_trait;

use super::deliver::{DeliverError, DeliverEvent};
use super::lanes::{Lanes, Settled};
use super::status::DeliveryStatus;
use crate::ports::{Appended, EventStream, OutboxEntry, StoreError};

/// Where the outbox relay puts events.
#[async_trait]
pub trait EventSink: Send + Sync {
    /// Takes entries, in order. Returns the sequences of those that need no further try; the others
    /// come again.
    async fn publish(&self, entries: Vec<OutboxEntry>) -> Result<Vec<i64>, StoreError>;
}

/// The stream that hub pods read (D4).
pub struct StreamSink {
    stream: Arc<dyn EventStream>,
    status: DeliveryStatus,
}

impl StreamSink {
    /// Appends to `stream`, and tells `status` whether it is full.
    pub fn new(stream: Arc<dyn EventStream>, status: DeliveryStatus) -> Self {
        Self { stream, status }
    }
}

#[async_trait]
impl EventSink for StreamSink {
    async fn publish(&self, entries: Vec<OutboxEntry>) -> Result<Vec<i64>, StoreError> {
        let (sequences, events): (Vec<_>, Vec<_>) =
            entries.into_iter().map(|entry| (entry.sequence, entry.event)).unzip();
        let appended = self.stream.append(&events).await?;
        self.status.set_stream_full(appended == Appended::Full);
        match appended {
            Appended::All => Ok(sequences),
            Appended::Full => Err(StoreError::unavailable("the event stream is full")),
        }
    }
}

/// Straight to the connections, for the one process with a hub where there is no stream.
pub struct DirectSink(pub DeliverEvent);

#[async_trait]
impl EventSink for DirectSink {
    async fn publish(&self, entries: Vec<OutboxEntry>) -> Result<Vec<i64>, StoreError> {
        let mut lanes = Lanes::new(self.0.clone());
        for entry in entries {
            lanes.push(entry.event, entry.sequence);
        }
        let mut done = Vec::with_capacity(lanes.len());
        while !lanes.is_empty() {
            match lanes.settled().await {
                Settled::Done(sequence) => done.push(sequence),
                // Without a stream there are no dead letters; the outbox row keeps the event until
                // it is pruned.
                Settled::Failed { item, event, error: error @ DeliverError::UnknownOrder } => {
                    tracing::error!(%error, correlationId = %event.correlation_id, "an event is dropped");
                    metrics::counter!("contoso_events_buried_total").increment(1);
                    done.push(item);
                }
                Settled::Failed { event, error, .. } => {
                    tracing::warn!(%error, correlationId = %event.correlation_id, "an event must wait");
                }
            }
        }
        Ok(done)
    }
}
