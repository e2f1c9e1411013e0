use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::ports::{CommittedEvents, OutboxEntry};

/// Entries that may wait for the relay; one more is left to the outbox.
const CAPACITY: usize = 4_096;

/// Where a process puts the events it commits; its relay takes them from [`HandedOver`]. Without a
/// relay they are left to the outbox.
#[derive(Clone)]
pub struct Handover(mpsc::Sender<OutboxEntry>);

/// What the relay of the process takes.
pub struct HandedOver(pub(super) mpsc::Receiver<OutboxEntry>);

impl Handover {
    /// Both ends.
    pub fn new() -> (Self, HandedOver) {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        (Self(sender), HandedOver(receiver))
    }
}

impl CommittedEvents for Handover {
    fn committed(&self, entry: OutboxEntry) {
        if let Err(TrySendError::Full(_)) = self.0.try_send(entry) {
            metrics::counter!("contoso_outbox_handover_refused_total").increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, Handover};
    use crate::domain::{
        CorrelationId, EventId, OrderEvent, OrderId, OrderStatus, OrderVersion, Timestamp,
    };
    use crate::ports::{CommittedEvents, OutboxEntry};

    #[tokio::test]
    async fn it_takes_what_fits_and_never_waits() {
        let (handover, mut handed) = Handover::new();
        let event = OrderEvent {
            event_id: EventId::generate(),
            correlation_id: CorrelationId::generate(),
            order_id: OrderId(1),
            status: OrderStatus::Accepted,
            version: OrderVersion::FIRST,
            occurred_at: Timestamp::from_micros(0),
            trace_parent: None,
        };
        for sequence in 0..=CAPACITY as i64 {
            handover.committed(OutboxEntry { sequence, event: event.clone() });
        }
        drop(handover);
        let mut taken = Vec::new();
        while handed.0.recv_many(&mut taken, CAPACITY).await > 0 {}
        assert_eq!(taken.len(), CAPACITY);
    }
}
