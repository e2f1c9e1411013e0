use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use tokio::time::Instant;

use crate::domain::{
    CorrelationId, EventId, OrderEvent, OrderId, OrderStatus, OrderVersion, Timestamp, UserId,
};
use crate::ports::{Notified, NotifyError, OrderNotifier};
use crate::signalr::{HubContext, OrderedRecipients, OrderedSend, SendError, SerializedMessage};

/// Sent on every status change (D5).
const NOTIFICATION: &str = "Notification";
/// Sent too when an order completed, under the name seed 2 prints (S2-C1-3d).
const ORDER_COMPLETED: &str = "OrderCompleted";

/// The one argument of both events (D5).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    correlation_id: CorrelationId,
    status: OrderStatus,
    version: OrderVersion,
    order_id: OrderId,
    event_id: EventId,
    occurred_at: Timestamp,
}

/// Tells a user's connections through the hub's fan-out, in the order of the order's versions.
pub struct HubNotifier(pub HubContext);

impl HubNotifier {
    fn tabs(&self, user: &UserId, event: &OrderEvent) -> OrderedRecipients {
        let key = event.correlation_id.to_string();
        self.0.user_in_order(user.as_str(), key, event.version.number())
    }
}

#[async_trait]
impl OrderNotifier for HubNotifier {
    async fn notify(
        &self,
        user: &UserId,
        event: &OrderEvent,
        held_for: Duration,
    ) -> Result<Notified, NotifyError> {
        notified(self.tabs(user, event).held_for(held_for).send(messages(event)?).await)
    }

    async fn notify_without_predecessor(
        &self,
        user: &UserId,
        event: &OrderEvent,
    ) -> Result<Notified, NotifyError> {
        notified(self.tabs(user, event).send_without_predecessor(messages(event)?).await)
    }

    fn notify_here(
        &self,
        user: &UserId,
        event: &OrderEvent,
        began_before: Option<Instant>,
    ) -> Result<(), NotifyError> {
        self.tabs(user, event).send_here(messages(event)?, began_before);
        Ok(())
    }
}

/// What a connection hears of an event.
fn messages(event: &OrderEvent) -> Result<Vec<SerializedMessage>, NotifyError> {
    let payload = [Payload {
        correlation_id: event.correlation_id,
        status: event.status,
        version: event.version,
        order_id: event.order_id,
        event_id: event.event_id,
        occurred_at: event.occurred_at,
    }];
    let completed = (event.status == OrderStatus::Completed).then_some(ORDER_COMPLETED);
    std::iter::once(NOTIFICATION)
        .chain(completed)
        .map(|name| SerializedMessage::invocation(name, &payload))
        .collect::<Result<_, _>>()
        .map_err(|error| NotifyError::Fault(error.into()))
}

fn notified(sent: Result<OrderedSend, SendError>) -> Result<Notified, NotifyError> {
    match sent {
        Ok(OrderedSend::Sent) => Ok(Notified::Sent),
        Ok(OrderedSend::NotNewer) => Ok(Notified::NotNewer),
        Ok(OrderedSend::Early { last, remembered }) => {
            let last = (last > 0).then(|| OrderVersion::new(last));
            Ok(Notified::Early { last, remembered })
        }
        Err(error @ SendError::Encode(_)) => Err(NotifyError::Fault(error.into())),
        Err(error @ SendError::Backplane(_)) => Err(NotifyError::Unavailable(error.into())),
    }
}
