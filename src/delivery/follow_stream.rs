use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::deliver::DeliverEvent;
use super::lanes::{Lanes, Settled};
use crate::ports::{EventStream, StoreError, StreamEntry};
use crate::resilience::Backoff;

/// Entries dealt with at a time.
const AT_ONCE: usize = 256;
/// Longest wait for a new entry; also how long a stop may take to be noticed.
const READ_WAIT: Duration = Duration::from_millis(500);

/// When an entry is delivered again, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redelivery {
    /// An entry unacknowledged for so long is taken over: its reader died, or failed to deliver it
    ///
    pub delay: Backoff,
    /// Deliveries after which it is buried.
    pub most: u32,
}

impl Redelivery {
    /// After `first`, then twice as long each time, up to sixteen times `first`; buried after
    /// `most` deliveries.
    pub fn new(first: Duration, most: u32) -> Self {
        Self { delay: Backoff::new(first, first.saturating_mul(16)), most }
    }
}

impl Default for Redelivery {
    fn default() -> Self {
        Self::new(Duration::from_secs(10), 5)
    }
}

/// What a read brought.
struct Batch {
    entries: Vec<StreamEntry>,
    taken_over: bool,
}

/// A read under way. It is never dropped before it ends: it may have taken entries.
type Read = Pin<Box<dyn Future<Output = Result<Batch, StoreError>> + Send>>;

/// One pod's share of the event stream: reads, delivers, and only then acknowledges.
pub struct StreamConsumer {
    stream: Arc<dyn EventStream>,
    name: String,
    redelivery: Redelivery,
    lanes: Lanes<StreamEntry>,
    read: Option<Read>,
    claim_at: Instant,
}

impl StreamConsumer {
    /// A consumer under a name that no other process uses.
    pub fn new(
        stream: Arc<dyn EventStream>,
        deliver: DeliverEvent,
        name: String,
        redelivery: Redelivery,
    ) -> Self {
        let lanes = Lanes::new(deliver);
        Self { stream, name, redelivery, lanes, read: None, claim_at: Instant::now() }
    }

    /// Reads and delivers until the stream cannot be read. Cancelling it loses nothing: what was
    /// taken is dealt with when it runs again, or comes again.
    pub(super) async fn run(&mut self) -> StoreError {
        loop {
            if self.read.is_none() && self.lanes.len() < AT_ONCE {
                self.read = Some(self.begin_read());
            }
            tokio::select! {
                biased;
                settled = self.lanes.settled() => self.settle(settled).await,
                read = ended(&mut self.read) => match read {
                    Ok(batch) => self.take(batch).await,
                    Err(error) => return error,
                },
            }
        }
    }

    /// Waits until the stream has answered a read, with entries or without.
    pub(super) async fn try_read(&mut self) -> Result<(), StoreError> {
        if self.read.is_none() {
            self.read = Some(self.begin_read());
        }
        let batch = ended(&mut self.read).await?;
        self.take(batch).await;
        Ok(())
    }

    /// Deals with what was taken.
    pub(super) async fn finish(&mut self) {
        if self.read.is_some()
            && let Ok(batch) = ended(&mut self.read).await
        {
            self.take(batch).await;
        }
        while !self.lanes.is_empty() {
            let settled = self.lanes.settled().await;
            self.settle(settled).await;
        }
    }

    fn begin_read(&mut self) -> Read {
        let now = Instant::now();
        let claim = now >= self.claim_at;
        if claim {
            self.claim_at = now + self.redelivery.delay.first / 2;
        }
        let (stream, name) = (self.stream.clone(), self.name.clone());
        let (delay, room) =
            (self.redelivery.delay, AT_ONCE.saturating_sub(self.lanes.len()).max(1));
        Box::pin(async move {
            if claim {
                match stream.claim(&name, delay, room).await {
                    Ok(entries) if entries.is_empty() => {}
                    Ok(entries) => return Ok(Batch { entries, taken_over: true }),
                    // What is new can be read all the same.
                    Err(error) => {
                        metrics::counter!("contoso_event_claims_failed_total").increment(1);
                        tracing::warn!(%error, "entries left behind cannot be taken over");
                    }
                }
            }
            let entries = stream.read(&name, room, READ_WAIT).await?;
            Ok(Batch { entries, taken_over: false })
        })
    }

    async fn take(&mut self, batch: Batch) {
        if batch.taken_over {
            self.claim_at = Instant::now();
        }
        for entry in batch.entries {
            match &entry.event {
                Some(event) => self.lanes.push(event.clone(), entry),
                None => bury(&*self.stream, &entry, "the entry cannot be read").await,
            }
        }
    }

    /// Settles an item and whatever else is ready, and acknowledges them together. An entry that is
    /// not acknowledged comes again.
    async fn settle(&mut self, first: Settled<StreamEntry>) {
        let (mut delivered, mut next) = (Vec::new(), Some(first));
        while let Some(settled) = next {
            match settled {
                Settled::Done(entry) => delivered.push(entry.id),
                Settled::Failed { item, error, .. }
                    if item.deliveries >= self.redelivery.most && !error.is_outage() =>
                {
                    bury(&*self.stream, &item, &error.to_string()).await;
                }
                Settled::Failed { event, error, .. } => {
                    tracing::warn!(%error, correlationId = %event.correlation_id, "an event must wait");
                }
            }
            next = self.lanes.settled().now_or_never();
        }
        if let Err(error) = self.stream.acknowledge(&delivered).await {
            tracing::warn!(%error, "delivered events are not acknowledged and will be repeated");
        }
    }
}

async fn bury(stream: &dyn EventStream, entry: &StreamEntry, cause: &str) {
    let correlation_id = entry.event.as_ref().map(|event| event.correlation_id.to_string());
    tracing::error!(cause, correlationId = correlation_id, "an event goes to the dead letters");
    match stream.bury(entry, cause).await {
        Ok(()) => metrics::counter!("contoso_events_buried_total").increment(1),
        Err(error) => tracing::warn!(%error, "an event cannot be buried yet"),
    }
}

/// Waits for the read to end; for ever when there is none. Cancel-safe.
async fn ended(read: &mut Option<Read>) -> Result<Batch, StoreError> {
    let Some(running) = read else { return std::future::pending().await };
    let result = running.await;
    *read = None;
    result
}
