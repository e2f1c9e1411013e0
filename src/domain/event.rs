use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CorrelationId, OrderId, OrderStatus, OrderVersion, Timestamp};

/// Names one event; consumers drop an id they have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl EventId {
    /// Makes a new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

/// An order changed its status. Holds ids only, nothing about a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderEvent {
    /// The event's own id.
    pub event_id: EventId,
    /// Which workflow.
    pub correlation_id: CorrelationId,
    /// Which order.
    pub order_id: OrderId,
    /// The status the order now has.
    pub status: OrderStatus,
    /// Which change of the order it is.
    pub version: OrderVersion,
    /// When the change was committed.
    pub occurred_at: Timestamp,
    /// The W3C `traceparent` the change belongs to, when there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trace_parent: Option<String>,
}

impl OrderEvent {
    /// The event's published name: `order.processed` for a completed order (seed 2), else `order.`
    /// and the status.
    pub fn name(&self) -> &'static str {
        match self.status {
            OrderStatus::Accepted => "order.accepted",
            OrderStatus::Processing => "order.processing",
            OrderStatus::Completed => "order.processed",
            OrderStatus::Failed => "order.failed",
            OrderStatus::Cancelled => "order.cancelled",
        }
    }
}
