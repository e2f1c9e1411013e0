use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::owners::Owners;
use crate::domain::{CorrelationId, OrderEvent, OrderId, OrderVersion, UserId};
use crate::ports::{
    Notified, NotifyError, OrderNotifier, OrderStore, Outbox, StatusCopy, StoreError,
};

/// How long one notification may take.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an event waits for the version before it (D5a).
const PREDECESSOR_TIMEOUT: Duration = Duration::from_millis(100);
/// Pause between looks for the version before it.
const PREDECESSOR_EVERY: Duration = Duration::from_millis(10);
/// How long an event may be on its way from its commit to its first sending, on an overloaded
/// machine.
const UNDER_WAY: Duration = Duration::from_secs(60);
/// How long a later event may take from its commit to its sending.
const SENDING: Duration = Duration::from_secs(1);
/// Versions read at a time when some are missing; an order has three, and two more per requeue.
const MISSING: usize = 100;

/// Why an event could not be delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// Nobody knows the order, after several looks.
    #[error("the event's order is unknown")]
    UnknownOrder,
    /// The copy does not know the owner and the system of record failed.
    #[error("the event's owner cannot be looked up: {0}")]
    Store(#[source] StoreError),
    /// The fan-out failed.
    #[error(transparent)]
    Notify(#[from] NotifyError),
}

impl DeliverError {
    /// Whether a component is out, so that the event itself is not to blame.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::UnknownOrder => false,
            Self::Store(error) => error.is_transient(),
            Self::Notify(error) => matches!(error, NotifyError::Unavailable(_)),
        }
    }
}

/// Finds the user behind an event and tells their connections, in the order of the versions
/// (S2-C1-3, D5a). Cheap to clone.
#[derive(Clone)]
pub struct DeliverEvent {
    orders: Arc<dyn OrderStore>,
    owners: Arc<Owners>,
    outbox: Arc<dyn Outbox>,
    notifier: Arc<dyn OrderNotifier>,
}

impl DeliverEvent {
    /// Over these ports.
    pub fn new(
        orders: Arc<dyn OrderStore>,
        copy: Arc<dyn StatusCopy>,
        outbox: Arc<dyn Outbox>,
        notifier: Arc<dyn OrderNotifier>,
    ) -> Self {
        let owners = Arc::new(Owners::new(orders.clone(), copy));
        Self { orders, owners, outbox, notifier }
    }

    /// Tells the connections on every pod. While the other pods cannot be reached, those of this
    /// pod are told, and the event must come again for the others.
    pub async fn everywhere(&self, event: &OrderEvent) -> Result<(), DeliverError> {
        let since = Instant::now();
        let user = self.owners.find(event.correlation_id).await?;
        let result = self.in_order(&user, event, since).await;
        match &result {
            Ok(()) => metrics::counter!("contoso_events_delivered_total").increment(1),
            Err(error) if error.is_outage() => self.notifier.notify_here(&user, event, None)?,
            Err(_) => {}
        }
        result
    }

    /// Tells the connections of this pod only, of those that began before the given instant.
    pub async fn here(
        &self,
        event: &OrderEvent,
        began_before: Option<Instant>,
    ) -> Result<(), DeliverError> {
        let user = self.owners.find(event.correlation_id).await?;
        Ok(self.notifier.notify_here(&user, event, began_before)?)
    }

    /// Tells the connections of this pod the versions between two others, for a connection that
    /// heard the first and waits with the second.
    pub async fn missing_here(
        &self,
        order: CorrelationId,
        after: OrderVersion,
        before: OrderVersion,
    ) -> Result<(), DeliverError> {
        let snapshot = self.orders.snapshot(order).await.map_err(DeliverError::Store)?;
        let order = snapshot.ok_or(DeliverError::UnknownOrder)?;
        for event in self.between(order.order_id, Some(after), before).await? {
            self.notifier.notify_here(&order.user, &event, None)?;
        }
        Ok(())
    }

    /// An event that comes before its predecessor brings it along from the outbox. One that is not
    /// there either is waited for, but not for ever.
    async fn in_order(
        &self,
        user: &UserId,
        event: &OrderEvent,
        since: Instant,
    ) -> Result<(), DeliverError> {
        let begun = Instant::now();
        let mut told = self.notify(user, event, since).await?;
        while let Notified::Early { last, remembered } = told {
            metrics::counter!("contoso_events_early_total").increment(1);
            let missing = self.between(event.order_id, last, event.version).await;
            let mut missing = missing.unwrap_or_default();
            if last.is_none() {
                // Either nothing was sent yet, or Redis forgot what was.
                missing.retain(|earlier| may_be_unsent(earlier, event, remembered));
                if missing.is_empty() {
                    self.without_predecessor(user, event).await?;
                    return Ok(());
                }
            }
            // Before the missing ones are told: however slow everything is, that is tried once.
            let is_late = begun.elapsed() >= PREDECESSOR_TIMEOUT;
            let filled = self.fill(user, &missing, since).await?;
            if !filled && !is_late {
                sleep(PREDECESSOR_EVERY).await;
            }
            told = self.notify(user, event, since).await?;
            if is_late && matches!(told, Notified::Early { .. }) {
                if self.without_predecessor(user, event).await? == Notified::Sent {
                    metrics::counter!("contoso_events_skipped_total").increment(1);
                    tracing::warn!(correlationId = %event.correlation_id, "an event is sent without its predecessor");
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// Tells earlier versions of an order; whether there were any and none was early itself.
    async fn fill(
        &self,
        user: &UserId,
        missing: &[OrderEvent],
        since: Instant,
    ) -> Result<bool, NotifyError> {
        for earlier in missing {
            if let Notified::Early { .. } = self.notify(user, earlier, since).await? {
                return Ok(false);
            }
        }
        Ok(!missing.is_empty())
    }

    async fn without_predecessor(
        &self,
        user: &UserId,
        event: &OrderEvent,
    ) -> Result<Notified, NotifyError> {
        in_time(self.notifier.notify_without_predecessor(user, event)).await
    }

    async fn notify(
        &self,
        user: &UserId,
        event: &OrderEvent,
        since: Instant,
    ) -> Result<Notified, NotifyError> {
        in_time(self.notifier.notify(user, event, since.elapsed())).await
    }

    async fn between(
        &self,
        order: OrderId,
        after: Option<OrderVersion>,
        before: OrderVersion,
    ) -> Result<Vec<OrderEvent>, DeliverError> {
        let after = after.unwrap_or(OrderVersion::new(0));
        let found = self.outbox.of_order(order, after, MISSING).await;
        let events = found.map_err(DeliverError::Store)?.into_iter().map(|entry| entry.event);
        Ok(events.filter(|event| event.version < before).collect())
    }
}

async fn in_time<T>(
    notified: impl Future<Output = Result<T, NotifyError>>,
) -> Result<T, NotifyError> {
    match timeout(NOTIFY_TIMEOUT, notified).await {
        Ok(result) => result,
        Err(elapsed) => Err(NotifyError::Unavailable(elapsed.into())),
    }
}

/// Whether an event may still be on its way to its first sending when a later one of its order is
/// sent and nothing is known of the order. If not, it was sent, and what is known of that was lost
/// since: .NET pods, which remember nothing, would tell it again.
fn may_be_unsent(earlier: &OrderEvent, event: &OrderEvent, remembered: Duration) -> bool {
    let older = event.occurred_at.since(earlier.occurred_at);
    older <= UNDER_WAY && older + SENDING <= remembered
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::may_be_unsent;
    use crate::domain::{
        CorrelationId, EventId, OrderEvent, OrderId, OrderStatus, OrderVersion, Timestamp,
    };

    fn event(version: u32, seconds: i64) -> OrderEvent {
        OrderEvent {
            event_id: EventId::generate(),
            correlation_id: CorrelationId::generate(),
            order_id: OrderId(1),
            status: OrderStatus::Accepted,
            version: OrderVersion::new(version),
            occurred_at: Timestamp::from_micros(seconds * 1_000_000),
            trace_parent: None,
        }
    }

    #[test]
    fn what_redis_would_know_of_is_unsent_also_on_an_overloaded_machine() {
        let first = event(1, 0);
        for (seconds, remembered, unsent) in [
            (1, 3_600, true),
            // A pod that takes its time.
            (30, 3_600, true),
            // Redis forgot meanwhile: it may have been sent.
            (30, 20, false),
            (1, 1, false),
            // No event is under way for so long.
            (61, 3_600, false),
        ] {
            let remembered = Duration::from_secs(remembered);
            let found = may_be_unsent(&first, &event(2, seconds), remembered);
            assert_eq!(found, unsent, "{seconds} s later, {remembered:?} remembered");
        }
    }
}
