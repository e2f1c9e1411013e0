use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::deliver_events::DeliverEvents;
use super::event_path::{EventPath, PathState};
use super::event_sink::{DirectSink, EventSink};
use super::outbox_trail::{LOOK_BACK, OutboxTrail};
use crate::domain::{OrderEvent, UserId};
use crate::ports::{NotifyError, OrderNotifier, OrderStore, Outbox, Pace, StatusCopy, StoreError};

/// Entries read at a time.
const PAGE: usize = 500;
/// Pause between looks while the path is broken; the longest an event waits in addition.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Pause between notes of where the outbox ends while the path is whole.
const NOTE_EVERY: Duration = Duration::from_secs(2);
/// Each look goes back so far: an entry may be committed after one with a higher sequence.
const OVERLAP: Duration = Duration::from_secs(2);
/// How long a notification may be busy with other pods once the tabs here have it.
const LOCAL_PATIENCE: Duration = Duration::from_millis(250);

/// Bridges an outage of Redis (D4, R-20): while the event stream cannot be read, or other pods
/// cannot be heard, this pod reads the outbox itself and tells its own tabs; once more afterwards,
/// for what was lost in the gap.
///
/// It claims and marks nothing and is not remembered as delivery. So after the outage the relay and
/// the stream bring every event again, to all pods; a tab that had it here does not get it twice,
/// because the hub recognises the repetition.
///
/// This is what S2-G-2 asks for after a gap, and more: it does not push the current status of the
/// orders a tab registered, but every status change that was committed in the gap, to every tab of
/// its owner, registered or not.
pub struct BridgeOutage {
    outbox: Arc<dyn Outbox>,
    deliver: DeliverEvents,
    path: EventPath,
}

impl BridgeOutage {
    /// Tells the tabs of `notifier` about the events in `outbox` whenever `path` is broken.
    pub fn new(
        outbox: Arc<dyn Outbox>,
        orders: Arc<dyn OrderStore>,
        copy: Arc<dyn StatusCopy>,
        notifier: Arc<dyn OrderNotifier>,
        path: EventPath,
    ) -> Self {
        Self {
            outbox,
            deliver: DeliverEvents::new(orders, copy, Arc::new(LocalFirst(notifier))),
            path,
        }
    }

    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.watch()).await;
    }

    async fn watch(&self) {
        let mut path = self.path.watch();
        let mut trail = OutboxTrail::default();
        let mut bridged = path.borrow().gaps;
        loop {
            let state = *path.borrow_and_update();
            if trail.is_empty() || !(state.is_broken() || state.gaps > bridged) {
                // Taken before the answer: everything up to the sequence was committed by then.
                let now = Instant::now();
                match self.outbox.last_sequence().await {
                    Ok(last) => trail.note(now, last),
                    Err(error) => tracing::debug!(%error, "the end of the outbox is not known"),
                }
                tokio::select! {
                    () = sleep(if trail.is_empty() { LOOK_EVERY } else { NOTE_EVERY }) => {}
                    _ = path.changed() => {}
                }
            } else {
                bridged = self.bridge(&mut path, &mut trail).await;
            }
        }
    }

    /// Looks into the outbox until the path was whole before the last look. Returns the number of
    /// gaps that this covers.
    async fn bridge(&self, path: &mut watch::Receiver<PathState>, trail: &mut OutboxTrail) -> u64 {
        tracing::warn!("events do not come the usual way: reading the outbox");
        let begun = Instant::now();
        // An event bridged in an earlier outage may have been lost to other pods since.
        let sink = DirectSink(self.deliver.afresh());
        let mut back = LOOK_BACK;
        let mut trouble = Pace::new(LOOK_EVERY, Duration::from_secs(2));
        loop {
            let state = *path.borrow_and_update();
            match self.look(&sink, trail, back).await {
                Ok(()) if !state.is_broken() => {
                    tracing::info!(
                        seconds = begun.elapsed().as_secs_f64(),
                        "events come the usual way again"
                    );
                    return state.gaps;
                }
                Ok(()) => {
                    back = OVERLAP;
                    trouble.reset();
                    sleep(LOOK_EVERY).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read instead");
                    sleep(trouble.wait()).await;
                }
            }
        }
    }

    async fn look(
        &self,
        sink: &DirectSink,
        trail: &mut OutboxTrail,
        back: Duration,
    ) -> Result<(), StoreError> {
        let now = Instant::now();
        let mut at = trail.before(back, now);
        loop {
            let entries = self.outbox.read_after(at, PAGE).await?;
            let Some(last) = entries.last() else { break };
            let (end, is_full) = (last.sequence, entries.len() == PAGE);
            let events: Vec<_> = entries.into_iter().map(|entry| entry.event).collect();
            let settled = sink.publish(&events).await?;
            if settled.len() < events.len() {
                return Err(StoreError::unavailable("not every event was delivered"));
            }
            at = end;
            if !is_full {
                break;
            }
        }
        trail.note(now, at);
        Ok(())
    }
}

/// Tabs of this pod are told first, so whether other pods could be told does not matter here.
struct LocalFirst(Arc<dyn OrderNotifier>);

#[async_trait]
impl OrderNotifier for LocalFirst {
    async fn notify(&self, user: &UserId, event: &OrderEvent) -> Result<(), NotifyError> {
        let _ = timeout(LOCAL_PATIENCE, self.0.notify(user, event)).await;
        metrics::counter!("contoso_events_bridged_total").increment(1);
        Ok(())
    }
}
