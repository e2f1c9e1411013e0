use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream;

use super::deliver_events::{DeliverError, DeliverEvents, Delivered};
use crate::domain::{EventId, OrderEvent};
use crate::ports::{EventStream, StoreError};

/// Orders whose events are delivered at the same time.
const ORDERS_AT_ONCE: usize = 32;

/// Where the outbox relay puts events.
#[async_trait]
pub trait EventSink: Send + Sync {
    /// Takes events, in order. Returns the ids of those that need no further try; the others come
    /// again.
    async fn publish(&self, events: &[OrderEvent]) -> Result<Vec<EventId>, StoreError>;
}

/// The stream that hub pods read (D4).
pub struct StreamSink(pub Arc<dyn EventStream>);

#[async_trait]
impl EventSink for StreamSink {
    async fn publish(&self, events: &[OrderEvent]) -> Result<Vec<EventId>, StoreError> {
        self.0.append(events).await?;
        Ok(events.iter().map(|event| event.event_id).collect())
    }
}

/// Straight to the tabs, for one process that has no stream. Events of one order stay in order.
pub struct DirectSink(pub DeliverEvents);

#[async_trait]
impl EventSink for DirectSink {
    async fn publish(&self, events: &[OrderEvent]) -> Result<Vec<EventId>, StoreError> {
        let orders = grouped(events.iter().cloned(), |event| event.correlation_id);
        let settled = stream::iter(orders)
            .map(|events| self.deliver(events))
            .buffer_unordered(ORDERS_AT_ONCE);
        Ok(settled.concat().await)
    }
}

impl DirectSink {
    async fn deliver(&self, events: Vec<OrderEvent>) -> Vec<EventId> {
        let mut settled = Vec::with_capacity(events.len());
        for event in events {
            match self.0.run(&event).await {
                Ok(Delivered::Sent | Delivered::Repeated) => settled.push(event.event_id),
                Ok(Delivered::InHand) => {}
                // Without a stream there are no dead letters; the outbox row keeps the event until
                // it is pruned.
                Err(error @ DeliverError::UnknownOrder) => {
                    tracing::error!(%error, correlationId = %event.correlation_id, "an event is dropped");
                    metrics::counter!("contoso_events_buried_total").increment(1);
                    settled.push(event.event_id);
                }
                Err(error) => {
                    tracing::warn!(%error, correlationId = %event.correlation_id, "an event must wait")
                }
            }
        }
        settled
    }
}

/// Groups items by a key, keeping their order within each group.
pub(super) fn grouped<T, K: Hash + Eq>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> Vec<Vec<T>> {
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<T>> = Vec::new();
    for item in items {
        let place = *places.entry(key(&item)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}
