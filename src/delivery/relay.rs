use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::handover::HandedOver;
use super::sinks::EventSink;
use crate::ports::{Outbox, OutboxEntry, StoreError};
use crate::resilience::Pace;

/// Entries taken at a time.
const BATCH: usize = 256;
/// How long claimed entries are kept from other relays; one that dies or fails delays them by this
/// much.
const CLAIM_LEASE: Duration = Duration::from_secs(5);
/// How long published entries wait to be marked together.
const MARK_AFTER: Duration = Duration::from_millis(50);
/// Published entries that may wait to be marked. When they are more, publishing waits: what is not
/// marked is published again.
const UNMARKED: usize = 16 * BATCH;
/// Pause between looks at the backlog.
const BACKLOG_EVERY: Duration = Duration::from_secs(5);

/// Moves committed events from the outbox to where they are delivered. Any number of
/// processes may do it at once. Each publishes what it committed itself, handed over without a look
/// into the outbox, and claims what others left behind. An event is published before it is marked,
/// so a crash in between repeats it and never loses it.
pub struct OutboxRelay {
    outbox: Arc<dyn Outbox>,
    sink: Arc<dyn EventSink>,
    handed: HandedOver,
}

impl OutboxRelay {
    /// A relay between these ports.
    pub fn new(outbox: Arc<dyn Outbox>, sink: Arc<dyn EventSink>, handed: HandedOver) -> Self {
        Self { outbox, sink, handed }
    }

    /// Works until `stop`; what was handed over or claimed by then is published and marked.
    pub async fn run(self, stop: CancellationToken) {
        let Self { outbox, sink, handed } = self;
        let (published, to_mark) = mpsc::channel(UNMARKED);
        let publish = Publish { outbox: &*outbox, sink: &*sink, published };
        tokio::join!(
            publish.run(handed, &stop),
            mark(&*outbox, to_mark),
            show_backlog(&*outbox, &stop)
        );
    }
}

struct Publish<'a> {
    outbox: &'a dyn Outbox,
    sink: &'a dyn EventSink,
    published: mpsc::Sender<i64>,
}

impl Publish<'_> {
    /// Ends the marking too, because it drops its sender.
    async fn run(self, mut handed: HandedOver, stop: &CancellationToken) {
        let mut idle = Pace::new(Duration::from_millis(5), Duration::from_millis(250));
        let mut trouble = Pace::new(Duration::from_millis(100), Duration::from_secs(3));
        let (mut batch, mut look_at) = (Vec::with_capacity(BATCH), Instant::now());
        let mut hands_over = true;
        while !stop.is_cancelled() {
            let result = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                count = handed.0.recv_many(&mut batch, BATCH), if hands_over => {
                    hands_over = count > 0;
                    self.publish(&mut batch).await
                }
                () = sleep_until(look_at) => self.claim(&mut batch).await,
            };
            match result {
                Ok(claimed) if claimed > 0 => {
                    idle.reset();
                    trouble.reset();
                    look_at = Instant::now();
                }
                Ok(_) => look_at = look_at.max(Instant::now() + idle.wait()),
                Err(error) => {
                    tracing::warn!(%error, "events wait in the outbox");
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = sleep(trouble.wait()) => {}
                    }
                }
            }
        }
        handed.0.close();
        while handed.0.recv_many(&mut batch, BATCH).await > 0 {
            if let Err(error) = self.publish(&mut batch).await {
                tracing::warn!(%error, "events wait in the outbox for another pod");
            }
        }
    }

    /// Publishes one batch of what somebody left behind. Returns how many entries there were.
    async fn claim(&self, batch: &mut Vec<OutboxEntry>) -> Result<usize, StoreError> {
        batch.extend(self.outbox.claim(BATCH, CLAIM_LEASE).await?);
        let count = batch.len();
        self.publish(batch).await?;
        Ok(count)
    }

    /// Publishes and empties the batch; errs when some entries must wait. Returns 0.
    async fn publish(&self, batch: &mut Vec<OutboxEntry>) -> Result<usize, StoreError> {
        if batch.is_empty() {
            return Ok(0);
        }
        let entries = std::mem::take(batch);
        let count = entries.len();
        let settled = timeout(CLAIM_LEASE, self.sink.publish(entries))
            .await
            .map_err(StoreError::unavailable)??;
        metrics::counter!("contoso_outbox_published_total").increment(settled.len() as u64);
        for sequence in &settled {
            // The marking ends only after this.
            let _ = self.published.send(*sequence).await;
        }
        match count - settled.len() {
            0 => Ok(0),
            left => Err(StoreError::unavailable(format!("{left} of {count} events must wait"))),
        }
    }
}

/// Marks what was published, in groups, until nothing more can come.
async fn mark(outbox: &dyn Outbox, mut published: mpsc::Receiver<i64>) {
    let mut group = Vec::with_capacity(BATCH);
    while let Some(first) = published.recv().await {
        group.push(first);
        let due = Instant::now() + MARK_AFTER;
        while group.len() < BATCH {
            tokio::select! {
                more = published.recv() => match more {
                    Some(sequence) => group.push(sequence),
                    None => break,
                },
                () = sleep_until(due) => break,
            }
        }
        if let Err(error) = mark_group(outbox, &group).await {
            tracing::warn!(%error, "published events are not marked and will be repeated");
        }
        group.clear();
    }
}

/// Tries twice: an entry that is not marked is published again, which is harmless but not free.
async fn mark_group(outbox: &dyn Outbox, sequences: &[i64]) -> Result<(), StoreError> {
    match outbox.mark_published(sequences).await {
        Err(error) if error.is_transient() => {
            sleep(MARK_AFTER).await;
            outbox.mark_published(sequences).await
        }
        result => result,
    }
}

async fn show_backlog(outbox: &dyn Outbox, stop: &CancellationToken) {
    loop {
        match outbox.backlog().await {
            Ok(backlog) => {
                metrics::gauge!("contoso_outbox_pending").set(backlog.pending as f64);
                metrics::gauge!("contoso_outbox_oldest_age_seconds")
                    .set(backlog.oldest.as_secs_f64());
            }
            Err(error) => tracing::debug!(%error, "the outbox backlog is not known"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(BACKLOG_EVERY) => {}
        }
    }
}
