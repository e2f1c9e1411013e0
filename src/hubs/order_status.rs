use std::sync::Arc;

use serde::Serialize;

use crate::app::{GetOrderStatus, RegisterOrder, Registered};
use crate::domain::{CorrelationId, OrderId, OrderStatus, OrderVersion, Timestamp, UserId};
use crate::ports::StoreError;
use crate::signalr::{Hub, HubError};

/// Where the hub is, below `/hubs` (S2-K-6).
pub const ORDER_STATUS_PATH: &str = "/order-status";

/// What `GetCurrentStatus` answers (S2-C4-5b).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CurrentStatus {
    correlation_id: CorrelationId,
    status: OrderStatus,
    version: OrderVersion,
    order_id: OrderId,
    updated_at: Option<Timestamp>,
}

/// The hub tabs wait on (D5): `Ping()`, `RegisterOrder(correlationId)`,
/// `GetCurrentStatus(correlationId)`.
pub fn order_status(register: Arc<RegisterOrder>, status: Arc<GetOrderStatus>) -> Hub {
    Hub::builder()
        .method("Ping", |_, ()| async { Ok("pong") })
        .method("RegisterOrder", move |caller, (id,): (String,)| {
            let register = register.clone();
            async move {
                let user = UserId::new(caller.user_id());
                match register.run(&user, correlation_id(&id)?).await.map_err(unavailable)? {
                    Registered::Yes => Ok(()),
                    Registered::NotFound => Err(HubError::shown("There is no such order.")),
                }
            }
        })
        .method("GetCurrentStatus", move |caller, (id,): (String,)| {
            let status = status.clone();
            async move {
                let user = UserId::new(caller.user_id());
                let view = status
                    .by_correlation(&user, correlation_id(&id)?)
                    .await
                    .map_err(unavailable)?;
                Ok(view.map(|view| CurrentStatus {
                    correlation_id: view.correlation_id,
                    status: view.status,
                    version: view.version,
                    order_id: view.order_id,
                    updated_at: view.updated_at,
                }))
            }
        })
        .build()
}

fn correlation_id(text: &str) -> Result<CorrelationId, HubError> {
    text.parse().map_err(|_| HubError::shown("The correlation id must be a UUID."))
}

fn unavailable(error: StoreError) -> HubError {
    tracing::warn!(%error, "a hub method could not reach its stores");
    HubError::shown("The status is not available right now. Try again in a moment.")
}
