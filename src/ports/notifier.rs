use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::BoxError;
use crate::domain::{OrderEvent, OrderVersion, UserId};

/// An event was not handed to the hub's fan-out.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// Other pods cannot be reached now. The event is not to blame.
    #[error("the notification could not be sent: {0}")]
    Unavailable(#[source] BoxError),
    /// The event cannot be sent, now or later.
    #[error("the notification cannot be sent: {0}")]
    Fault(#[source] BoxError),
}

/// What the fan-out did with an event (D5a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notified {
    /// It went to every pod.
    Sent,
    /// This version or a newer one was sent before; nothing was sent.
    NotNewer,
    /// The version before it was not sent yet; nothing was sent.
    Early {
        /// The last version that was sent; `None` when none is known.
        last: Option<OrderVersion>,
        /// For how long the fan-out has remembered what was sent without a loss.
        remembered: Duration,
    },
}

/// Tells the connections of a user about an order (S2-C1-3d): `Notification`, and `OrderCompleted`
/// too when the order completed. A connection hears the versions of an order in order and once.
#[async_trait]
pub trait OrderNotifier: Send + Sync {
    /// Tells the connections on every pod. Ok means handed to the fan-out, not received. The caller
    /// has had the event for `held_for`: when the fan-out forgot meanwhile what was sent, another
    /// pod may have sent it, and it counts as sent.
    async fn notify(
        &self,
        user: &UserId,
        event: &OrderEvent,
        held_for: Duration,
    ) -> Result<Notified, NotifyError>;

    /// As [`Self::notify`], without waiting for the version before it: that one is lost.
    async fn notify_without_predecessor(
        &self,
        user: &UserId,
        event: &OrderEvent,
    ) -> Result<Notified, NotifyError>;

    /// Tells the connections of this pod only, and of those the ones that began before the given
    /// instant, or all.
    fn notify_here(
        &self,
        user: &UserId,
        event: &OrderEvent,
        began_before: Option<Instant>,
    ) -> Result<(), NotifyError>;
}
