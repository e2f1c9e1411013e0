use async_trait::async_trait;
use serde::Serialize;

use crate::domain::{CorrelationId, EventId, OrderEvent, OrderId, OrderStatus, Timestamp, UserId};
use crate::ports::{NotifyError, OrderNotifier};
use crate::signalr::HubContext;

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
    order_id: OrderId,
    event_id: EventId,
    occurred_at: Timestamp,
}

/// Tells a user's connections through the hub's fan-out.
pub struct HubNotifier(pub HubContext);

#[async_trait]
impl OrderNotifier for HubNotifier {
    async fn notify(&self, user: &UserId, event: &OrderEvent) -> Result<(), NotifyError> {
        let payload = Payload {
            correlation_id: event.correlation_id,
            status: event.status,
            order_id: event.order_id,
            event_id: event.event_id,
            occurred_at: event.occurred_at,
        };
        let tabs = self.0.user(user.as_str());
        let arguments = [&payload];
        let completed = async {
            match event.status {
                OrderStatus::Completed => tabs.send(ORDER_COMPLETED, &arguments).await,
                _ => Ok(()),
            }
        };
        // Together: tabs of this pod have both at once, however long the backplane takes for the
        // first.
        let (notified, completed) =
            tokio::join!(biased; tabs.send(NOTIFICATION, &arguments), completed);
        notified.and(completed).map_err(|error| NotifyError(error.into()))
    }
}
