use async_trait::async_trait;

use super::BoxError;
use crate::domain::{OrderEvent, UserId};

/// An event could not be handed to the hub's fan-out.
#[derive(Debug, thiserror::Error)]
#[error("the notification could not be sent: {0}")]
pub struct NotifyError(#[source] pub BoxError);

/// Tells the connections of a user about an order, on every pod (S2-C1-3d).
#[async_trait]
pub trait OrderNotifier: Send + Sync {
    /// Sends `Notification`, and `OrderCompleted` too when the order completed. Ok means handed to
    /// the fan-out, not received.
    async fn notify(&self, user: &UserId, event: &OrderEvent) -> Result<(), NotifyError>;
}
