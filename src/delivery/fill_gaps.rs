use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::deliver::DeliverEvent;
use crate::domain::OrderVersion;
use crate::signalr::MissingVersions;

/// Gaps that may wait; one more is left to the hub's time limit.
const CAPACITY: usize = 256;
/// Gaps filled at a time.
const AT_ONCE: usize = 16;

/// Reads from the outbox what connections of this pod wait for.
pub struct FillGaps {
    deliver: DeliverEvent,
    missing: mpsc::Receiver<MissingVersions>,
}

/// Tells [`FillGaps`] what is missing. Never waits.
pub struct GapRequests(mpsc::Sender<MissingVersions>);

impl GapRequests {
    /// Asks for the versions.
    pub fn ask(&self, missing: MissingVersions) {
        // When too many ask, the hub goes on without them and counts what it skips.
        let _ = self.0.try_send(missing);
    }
}

impl FillGaps {
    /// Fills gaps through `deliver`.
    pub fn new(deliver: DeliverEvent) -> (Self, GapRequests) {
        let (requests, missing) = mpsc::channel(CAPACITY);
        (Self { deliver, missing }, GapRequests(requests))
    }

    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let Self { deliver, missing } = self;
        let requests = stream::unfold(missing, |mut missing| async move {
            missing.recv().await.map(|request| (request, missing))
        });
        let fill = requests.for_each_concurrent(AT_ONCE, |request| fill(deliver.clone(), request));
        stop.run_until_cancelled(fill).await;
    }
}

async fn fill(deliver: DeliverEvent, MissingVersions { key, after, before }: MissingVersions) {
    // Keys of other senders than the order's notifier are none of ours.
    let Ok(order) = key.parse() else { return };
    let (after, before) = (OrderVersion::new(after), OrderVersion::new(before));
    match deliver.missing_here(order, after, before).await {
        Ok(()) => metrics::counter!("contoso_event_gaps_filled_total").increment(1),
        Err(error) => tracing::warn!(%error, correlationId = %order, "a gap cannot be filled"),
    }
}
