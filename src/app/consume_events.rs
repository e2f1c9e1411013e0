use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::deliver_events::{DeliverEvents, Delivered};
use super::event_path::EventPath;
use super::event_sink::grouped;
use crate::ports::{Delivery, EventStream, Pace, StoreError};

/// Entries dealt with at a time.
const AT_ONCE: usize = 64;
/// Longest wait for a new entry; also how long a stop may take to be noticed.
const READ_WAIT: Duration = Duration::from_millis(500);
/// When and how often an entry is delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redelivery {
    /// An entry unacknowledged for this long is taken over: its reader died, or failed to deliver
    /// it.
    pub after: Duration,
    /// Deliveries after which it is buried.
    pub most: u32,
}

impl Default for Redelivery {
    fn default() -> Self {
        Self { after: Duration::from_secs(10), most: 5 }
    }
}

/// One hub pod's share of the event stream: reads, delivers, and only then acknowledges.
pub struct ConsumeEvents {
    stream: Arc<dyn EventStream>,
    deliver: DeliverEvents,
    consumer: String,
    redelivery: Redelivery,
    path: EventPath,
}

impl ConsumeEvents {
    /// A consumer under a name that no other process uses. It tells `path` whether the stream can
    /// be read.
    pub fn new(
        stream: Arc<dyn EventStream>,
        deliver: DeliverEvents,
        consumer: impl Into<String>,
        redelivery: Redelivery,
        path: EventPath,
    ) -> Self {
        Self { stream, deliver, consumer: consumer.into(), redelivery, path }
    }

    /// Works until `stop`; what was read by then is dealt with.
    pub async fn run(self, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let mut trouble = Pace::new(Duration::from_millis(100), Duration::from_secs(2));
        let mut claim_at = Instant::now();
        let mut tasks = JoinSet::new();
        while !stop.is_cancelled() {
            while tasks.try_join_next().is_some() {}
            let room = match timeout(READ_WAIT, slots.acquire()).await {
                Ok(Ok(_slot)) => slots.available_permits() + 1,
                _ => continue,
            };
            // A read that is cancelled may have taken entries, so it is waited for.
            let read = self.next(&mut claim_at, room).await;
            self.path.stream(read.is_ok());
            match read {
                Ok(deliveries) => {
                    trouble.reset();
                    for group in grouped(deliveries, |delivery| {
                        delivery.event.as_ref().map(|event| event.correlation_id)
                    }) {
                        let size = group.len().min(AT_ONCE) as u32;
                        let taken = Arc::clone(&slots)
                            .acquire_many_owned(size)
                            .await
                            .expect("nobody closes it");
                        let (stream, deliver, most) =
                            (Arc::clone(&self.stream), self.deliver.clone(), self.redelivery.most);
                        tasks.spawn(async move {
                            let _taken = taken;
                            for delivery in group {
                                settle(stream.as_ref(), &deliver, &delivery, most).await;
                            }
                        });
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the event stream cannot be read");
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = sleep(trouble.wait()) => {}
                    }
                }
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn next(&self, claim_at: &mut Instant, room: usize) -> Result<Vec<Delivery>, StoreError> {
        if Instant::now() >= *claim_at {
            let claimed = self.stream.claim(&self.consumer, self.redelivery.after, room).await?;
            if !claimed.is_empty() {
                return Ok(claimed);
            }
            *claim_at = Instant::now() + self.redelivery.after / 2;
        }
        self.stream.read(&self.consumer, room, READ_WAIT).await
    }
}

/// Delivers one entry and acknowledges it. An entry that is not acknowledged comes again, until
/// `most` deliveries.
async fn settle(stream: &dyn EventStream, deliver: &DeliverEvents, delivery: &Delivery, most: u32) {
    let Some(event) = &delivery.event else {
        return bury(stream, delivery, "the entry cannot be read").await;
    };
    match deliver.run(event).await {
        Ok(Delivered::Sent | Delivered::Repeated) => {
            if let Err(error) = stream.acknowledge(std::slice::from_ref(&delivery.entry)).await {
                tracing::warn!(%error, "a delivered event is not acknowledged and will be repeated");
            }
        }
        Ok(Delivered::InHand) => {}
        Err(error) if delivery.deliveries >= most && !error.is_outage() => {
            bury(stream, delivery, &error.to_string()).await;
        }
        Err(error) => {
            tracing::warn!(%error, correlationId = %event.correlation_id, "an event must wait")
        }
    }
}

async fn bury(stream: &dyn EventStream, delivery: &Delivery, cause: &str) {
    let correlation_id = delivery.event.as_ref().map(|event| event.correlation_id.to_string());
    tracing::error!(cause, correlationId = correlation_id, "an event goes to the dead letters");
    match stream.bury(delivery, cause).await {
        Ok(()) => metrics::counter!("contoso_events_buried_total").increment(1),
        Err(error) => tracing::warn!(%error, "an event cannot be buried yet"),
    }
}
