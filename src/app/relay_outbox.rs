use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::event_sink::EventSink;
use crate::ports::{Outbox, Pace, StoreError, Topic, Wakeup};

/// Entries taken at a time.
const BATCH: usize = 256;
/// How long entries are kept from other relays; one that dies or fails delays them by this much.
const CLAIM_LEASE: Duration = Duration::from_secs(5);
/// Pause between looks at the backlog.
const BACKLOG_EVERY: Duration = Duration::from_secs(5);

/// Moves committed events from the outbox to where they are delivered. Any number of
/// processes may do it at once. An event is published before it is marked, so a crash in between
/// repeats it and never loses it.
pub struct RelayOutbox {
    outbox: Arc<dyn Outbox>,
    wakeup: Arc<dyn Wakeup>,
    sink: Arc<dyn EventSink>,
}

impl RelayOutbox {
    /// A relay between these ports.
    pub fn new(outbox: Arc<dyn Outbox>, wakeup: Arc<dyn Wakeup>, sink: Arc<dyn EventSink>) -> Self {
        Self { outbox, wakeup, sink }
    }

    /// Works until `stop`; what was claimed by then is published and marked.
    pub async fn run(self, stop: CancellationToken) {
        tokio::join!(self.relay(&stop), self.show_backlog(&stop));
    }

    async fn relay(&self, stop: &CancellationToken) {
        let mut idle = Pace::new(Duration::from_millis(5), Duration::from_millis(250));
        let mut trouble = Pace::new(Duration::from_millis(100), Duration::from_secs(3));
        while !stop.is_cancelled() {
            match self.pass().await {
                Ok(0) => tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.wakeup.hinted(Topic::Outbox) => {}
                    () = sleep(idle.wait()) => {}
                },
                Ok(_) => {
                    idle.reset();
                    trouble.reset();
                }
                Err(error) => {
                    tracing::warn!(%error, "events wait in the outbox");
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = sleep(trouble.wait()) => {}
                    }
                }
            }
        }
    }

    /// Publishes one batch. Returns how many entries there were; errs when some must wait.
    async fn pass(&self) -> Result<usize, StoreError> {
        let entries = self.outbox.claim(BATCH, CLAIM_LEASE).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        let events: Vec<_> = entries.iter().map(|entry| entry.event.clone()).collect();
        let settled = timeout(CLAIM_LEASE, self.sink.publish(&events))
            .await
            .map_err(StoreError::unavailable)??;
        let settled: HashSet<_> = settled.into_iter().collect();
        let sequences: Vec<_> = entries
            .iter()
            .filter(|e| settled.contains(&e.event.event_id))
            .map(|e| e.sequence)
            .collect();
        self.mark(&sequences).await?;
        metrics::counter!("contoso_outbox_published_total").increment(sequences.len() as u64);
        match entries.len() - sequences.len() {
            0 => Ok(entries.len()),
            left => Err(StoreError::unavailable(format!(
                "{left} of {} events were not delivered",
                entries.len()
            ))),
        }
    }

    /// Tries twice: an entry that is not marked is published again, which is harmless but not free.
    async fn mark(&self, sequences: &[i64]) -> Result<(), StoreError> {
        match self.outbox.mark_published(sequences).await {
            Err(error) if error.is_transient() => {
                sleep(Duration::from_millis(50)).await;
                self.outbox.mark_published(sequences).await
            }
            result => result,
        }
    }

    async fn show_backlog(&self, stop: &CancellationToken) {
        loop {
            match self.outbox.backlog().await {
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
}
