use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::deliver::DeliverEvent;
use super::follow_outbox::CatchUp;
use super::follow_stream::StreamConsumer;
use super::positions::OutboxPositions;
use super::status::DeliveryStatus;
use crate::ports::Outbox;
use crate::resilience::Pace;
use crate::signalr::backplane::BackplaneState;

/// Pause between looks into the outbox; the longest an event waits in addition.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What can go wrong on the way from a commit to the connections of this pod, and is not seen by
/// reading the stream.
pub struct Interruptions {
    /// Whether other pods can be heard. Each new connection may have missed something before.
    pub backplane: watch::Receiver<BackplaneState>,
    /// Counts how often the stream was made anew, with what was in it lost.
    pub resets: watch::Receiver<u64>,
}

impl Interruptions {
    /// Returns when something may have been missed since the last call.
    async fn happened(&mut self) {
        let happened = tokio::select! {
            changed = self.backplane.changed() => changed,
            changed = self.resets.changed() => changed,
        };
        if happened.is_err() {
            // Their owners are gone: the process ends.
            std::future::pending().await
        }
    }

    /// Whether other pods can be heard.
    fn others_are_heard(&self) -> bool {
        matches!(*self.backplane.borrow(), BackplaneState::Connected(_))
    }

    /// Forgets what happened so far; whether other pods can be heard.
    fn are_over(&mut self) -> bool {
        self.resets.mark_unchanged();
        matches!(*self.backplane.borrow_and_update(), BackplaneState::Connected(_))
    }

    /// Whether something happened since the last call of `are_over`.
    fn are_new(&self) -> bool {
        self.backplane.has_changed().unwrap_or(false) || self.resets.has_changed().unwrap_or(false)
    }
}

/// Brings committed events to the connections of this pod, from one source at a time: the stream,
/// or the outbox while the stream or the other pods cannot be heard (D4, R-20). A read error, a
/// lost or renewed backplane connection and a stream made anew all lead to the outbox, which is
/// read from far enough back; the way back is a read of the stream that succeeds.
pub struct FollowEvents {
    consumer: StreamConsumer,
    outbox: Arc<dyn Outbox>,
    deliver: DeliverEvent,
    positions: OutboxPositions,
    interruptions: Interruptions,
    status: DeliveryStatus,
}

impl FollowEvents {
    /// Follows the stream as `consumer`.
    pub fn new(
        consumer: StreamConsumer,
        outbox: Arc<dyn Outbox>,
        deliver: DeliverEvent,
        positions: OutboxPositions,
        interruptions: Interruptions,
        status: DeliveryStatus,
    ) -> Self {
        Self { consumer, outbox, deliver, positions, interruptions, status }
    }

    /// Works until `stop`; what was read by then is dealt with.
    pub async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(self.follow()).await;
        self.consumer.finish().await;
    }

    async fn follow(&mut self) {
        // What happened since `interruptions` were made is not forgotten: the pod was up by then.
        let mut heard = self.interruptions.others_are_heard();
        loop {
            tokio::select! {
                biased;
                () = std::future::ready(()), if !heard => {}
                error = self.consumer.run() => tracing::warn!(%error, "the event stream cannot be read"),
                () = self.interruptions.happened() => {}
            }
            self.status.set_from_outbox(true);
            self.catch_up().await;
            self.status.set_from_outbox(false);
            heard = true;
        }
    }

    /// Looks into the outbox until the stream can be read, other pods could be heard before the
    /// last look, and nothing happened since.
    async fn catch_up(&mut self) {
        let mut catch_up =
            CatchUp::new(self.outbox.clone(), self.deliver.clone(), self.positions.clone());
        let mut trouble = Pace::new(LOOK_EVERY, Duration::from_secs(2));
        loop {
            let heard = self.interruptions.are_over();
            if let Err(error) = catch_up.look().await {
                tracing::warn!(%error, "the outbox cannot be read instead of the stream");
                sleep(trouble.wait()).await;
                continue;
            }
            trouble.reset();
            if !heard {
                let _ = timeout(LOOK_EVERY, self.interruptions.backplane.changed()).await;
                self.interruptions.backplane.mark_changed();
                continue;
            }
            match timeout(LOOK_EVERY, self.consumer.try_read()).await {
                Ok(Ok(())) if !self.interruptions.are_new() => return,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the event stream cannot be read yet");
                    sleep(LOOK_EVERY).await;
                }
                Ok(Ok(())) | Err(_) => {}
            }
        }
    }
}
