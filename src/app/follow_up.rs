use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::domain::{EventId, OrderEvent, OrderSnapshot, UserId};
use crate::ports::{OrderNotifier, StatusCopy, Topic, Wakeup};

/// How long an answer may wait for the status copy: the copy is a convenience, the order is
/// committed.
pub(super) const COPY_PATIENCE: Duration = Duration::from_millis(250);
/// How long one notification may take before it is given up.
pub(super) const NOTIFY_PATIENCE: Duration = Duration::from_secs(2);
/// Notifications under way at most; more are dropped, since the client has the answer itself.
const NOTIFICATIONS_AT_ONCE: usize = 256;

/// What follows a committed change of an order: copy, hint, notification. None of it may undo or
/// delay the change.
#[derive(Clone)]
pub struct FollowUp {
    copy: Arc<dyn StatusCopy>,
    wakeup: Arc<dyn Wakeup>,
    notifier: Arc<dyn OrderNotifier>,
    permits: Arc<Semaphore>,
}

impl FollowUp {
    /// Follow-ups through these ports.
    pub fn new(
        copy: Arc<dyn StatusCopy>,
        wakeup: Arc<dyn Wakeup>,
        notifier: Arc<dyn OrderNotifier>,
    ) -> Self {
        Self { copy, wakeup, notifier, permits: Arc::new(Semaphore::new(NOTIFICATIONS_AT_ONCE)) }
    }

    /// As [`write_copy`].
    pub(super) async fn copy(&self, snapshot: &OrderSnapshot) -> bool {
        write_copy(self.copy.as_ref(), snapshot).await
    }

    /// Wakes whoever looks for `topic`.
    pub(super) fn hint(&self, topic: Topic) {
        self.wakeup.hint(topic);
    }

    /// Tells the user's tabs where the order stands now, in the background and at most once.
    pub(super) fn notify(&self, snapshot: &OrderSnapshot, trace_parent: Option<String>) {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            metrics::counter!("contoso_order_notifications_dropped_total").increment(1);
            return;
        };
        let event = OrderEvent {
            event_id: EventId::generate(),
            correlation_id: snapshot.correlation_id,
            order_id: snapshot.order_id,
            status: snapshot.status,
            occurred_at: snapshot.updated_at,
            trace_parent,
        };
        let (notifier, user): (_, UserId) = (Arc::clone(&self.notifier), snapshot.user.clone());
        tokio::spawn(async move {
            let _permit = permit;
            match timeout(NOTIFY_PATIENCE, notifier.notify(&user, &event)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a notification was not sent"),
                Err(_) => tracing::debug!("a notification was not sent in time"),
            }
        });
    }
}

/// Writes the status copy, waiting briefly. `false` when it could not be written; a later writer
/// makes up for it.
pub(super) async fn write_copy(copy: &dyn StatusCopy, snapshot: &OrderSnapshot) -> bool {
    match timeout(COPY_PATIENCE, copy.write(snapshot)).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => tracing::warn!(%error, "the status copy could not be written"),
        Err(_) => tracing::warn!("the status copy was not written in time"),
    }
    metrics::counter!("contoso_status_copy_write_failures_total").increment(1);
    false
}
