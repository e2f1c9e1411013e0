//! How an order event lies in the stream: ids, status, instant, trace; nothing about a person
//!

use std::collections::HashMap;

use fred::types::{Key, Value};
use uuid::Uuid;

use crate::domain::{EventId, OrderEvent, OrderId, OrderStatus, OrderVersion, Timestamp};

/// Version of this layout; readers refuse another.
const VERSION: &str = "1";

/// The fields to append.
pub fn encode(event: &OrderEvent) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("version", VERSION.to_owned()),
        ("name", event.name().to_owned()),
        ("eventId", event.event_id.0.to_string()),
        ("correlationId", event.correlation_id.to_string()),
        ("orderId", event.order_id.to_string()),
        ("status", event.status.word().to_owned()),
        ("orderVersion", event.version.to_string()),
        ("occurredAt", event.occurred_at.to_string()),
    ];
    if let Some(trace) = &event.trace_parent {
        fields.push(("traceParent", trace.clone()));
    }
    fields
}

/// Reads the fields back; `None` when one is missing or malformed.
pub fn decode(fields: &HashMap<Key, Value>) -> Option<OrderEvent> {
    let text = |name: &'static str| {
        fields.get(&Key::from_static_str(name)).and_then(|value| value.as_str())
    };
    let version = text("version")?;
    (version == VERSION).then_some(())?;
    let status = OrderStatus::from_word(&text("status")?)?;
    let version = match text("orderVersion") {
        Some(number) => OrderVersion::new(number.parse().ok()?),
        // A pod of the release before wrote it.
        None => OrderVersion::usual(status),
    };
    Some(OrderEvent {
        event_id: EventId(Uuid::parse_str(&text("eventId")?).ok()?),
        correlation_id: text("correlationId")?.parse().ok()?,
        order_id: OrderId(text("orderId")?.parse().ok()?),
        status,
        version,
        occurred_at: Timestamp::parse_rfc3339(&text("occurredAt")?)?,
        trace_parent: text("traceParent").map(|trace| trace.into_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use fred::types::{Key, Value};

    use super::{decode, encode};
    use crate::domain::{
        CorrelationId, EventId, OrderEvent, OrderId, OrderStatus, OrderVersion, Timestamp,
    };

    fn stored(event: &OrderEvent) -> HashMap<Key, Value> {
        encode(event)
            .into_iter()
            .map(|(name, value)| (Key::from(name), Value::from(value)))
            .collect()
    }

    #[test]
    fn every_event_survives_the_stream_and_a_missing_field_makes_it_unreadable() {
        for status in OrderStatus::ALL {
            let event = OrderEvent {
                event_id: EventId::generate(),
                correlation_id: CorrelationId::generate(),
                order_id: OrderId(42),
                status,
                version: OrderVersion::new(7),
                occurred_at: Timestamp::from_micros(1_795_294_800_123_456),
                trace_parent: Some(
                    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
                ),
            };
            assert_eq!(decode(&stored(&event)), Some(event.clone()));
            for name in ["version", "eventId", "correlationId", "orderId", "status", "occurredAt"] {
                let mut fields = stored(&event);
                fields.remove(&Key::from(name));
                assert_eq!(decode(&fields), None, "without {name}");
            }
            let mut fields = stored(&event);
            fields.remove(&Key::from("orderVersion"));
            let older = decode(&fields).map(|event| event.version);
            assert_eq!(older, Some(OrderVersion::usual(status)));
        }
    }
}
