use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::follow_up::{COPY_PATIENCE, NOTIFY_PATIENCE, write_copy};
use super::recent_events::{Arrival, RecentEvents};
use crate::domain::{OrderEvent, UserId};
use crate::ports::{NotifyError, OrderNotifier, OrderStore, StatusCopy, StoreError};

/// Waits before the owner is looked up again (S2-C1-3c): a replica may be behind, or the store just
/// failing over.
const LOOK_AGAIN_AFTER: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(250), Duration::from_millis(500)];

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It was handed to the fan-out.
    Sent,
    /// It had been before; it was dropped.
    Repeated,
    /// Another task of this process is at it.
    InHand,
}

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
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

/// Finds the user behind an event and tells their tabs (S2-C1-3). Clones share the memory of what
/// was delivered.
#[derive(Clone)]
pub struct DeliverEvents {
    orders: Arc<dyn OrderStore>,
    copy: Arc<dyn StatusCopy>,
    notifier: Arc<dyn OrderNotifier>,
    recent: RecentEvents,
}

impl DeliverEvents {
    /// The use case over these ports.
    pub fn new(
        orders: Arc<dyn OrderStore>,
        copy: Arc<dyn StatusCopy>,
        notifier: Arc<dyn OrderNotifier>,
    ) -> Self {
        Self { orders, copy, notifier, recent: RecentEvents::default() }
    }

    /// The same with nothing remembered.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self { recent: RecentEvents::default(), ..self.clone() }
    }

    /// Delivers one event, unless this process did lately.
    pub async fn run(&self, event: &OrderEvent) -> Result<Delivered, DeliverError> {
        let claim = match self.recent.arrive(event.event_id) {
            Arrival::New(claim) => claim,
            Arrival::InHand => return Ok(Delivered::InHand),
            Arrival::Done => {
                metrics::counter!("contoso_events_repeated_total").increment(1);
                return Ok(Delivered::Repeated);
            }
        };
        let user = self.owner(event).await?;
        match timeout(NOTIFY_PATIENCE, self.notifier.notify(&user, event)).await {
            Ok(sent) => sent?,
            Err(elapsed) => return Err(NotifyError(elapsed.into()).into()),
        }
        claim.done();
        metrics::counter!("contoso_events_delivered_total").increment(1);
        Ok(Delivered::Sent)
    }

    /// The copy first, the system of record second; the copy is made anew from what the
    /// latter says.
    async fn owner(&self, event: &OrderEvent) -> Result<UserId, DeliverError> {
        let mut waits = LOOK_AGAIN_AFTER.into_iter();
        loop {
            if let Ok(Ok(Some(user))) =
                timeout(COPY_PATIENCE, self.copy.owner(event.correlation_id)).await
            {
                return Ok(user);
            }
            let error = match self.orders.snapshot(event.correlation_id).await {
                Ok(Some(snapshot)) => {
                    write_copy(self.copy.as_ref(), &snapshot).await;
                    return Ok(snapshot.user);
                }
                Ok(None) => DeliverError::UnknownOrder,
                Err(error) => DeliverError::Store(error),
            };
            match waits.next() {
                Some(wait) => sleep(wait).await,
                None => return Err(error),
            }
        }
    }
}
