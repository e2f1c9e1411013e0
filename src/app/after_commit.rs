use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::domain::OrderSnapshot;
use crate::ports::{CommittedEvents, OutboxEntry, StatusCopy, Wakeup};

/// How long an answer may wait for the status copy: the copy is a convenience, the order is
/// committed.
pub(super) const COPY_TIMEOUT: Duration = Duration::from_millis(250);

/// What follows a committed change of an order: its event is handed over, and the copy written.
/// None of it may undo or delay the change.
#[derive(Clone)]
pub struct AfterCommit {
    copy: Arc<dyn StatusCopy>,
    wakeup: Arc<dyn Wakeup>,
    events: Arc<dyn CommittedEvents>,
}

impl AfterCommit {
    /// Through these ports.
    pub fn new(
        copy: Arc<dyn StatusCopy>,
        wakeup: Arc<dyn Wakeup>,
        events: Arc<dyn CommittedEvents>,
    ) -> Self {
        Self { copy, wakeup, events }
    }

    /// Hands over the event of a change. Done before the copy is written: connected tabs wait for
    /// it.
    pub(super) fn committed(&self, entry: OutboxEntry) {
        self.events.committed(entry);
    }

    /// Wakes the workers.
    pub(super) fn hint_jobs(&self) {
        self.wakeup.hint();
    }

    /// Writes the status copy, waiting briefly. `false` when it could not be written; a later writer
    /// makes up for it.
    pub(super) async fn copy(&self, snapshot: &OrderSnapshot) -> bool {
        match timeout(COPY_TIMEOUT, self.copy.write(snapshot)).await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => tracing::warn!(%error, "the status copy could not be written"),
            Err(_) => tracing::warn!("the status copy was not written in time"),
        }
        metrics::counter!("contoso_status_copy_write_failures_total").increment(1);
        false
    }
}
