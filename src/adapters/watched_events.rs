use std::sync::Arc;

use tokio::sync::Notify;

use crate::ports::{CommittedEvents, OutboxEntry};

/// Hands events on, and tells that an order was changed by this process: each change commits one.
pub struct WatchedEvents {
    inner: Arc<dyn CommittedEvents>,
    changed: Arc<Notify>,
}

impl WatchedEvents {
    /// Watches `inner`; `changed` keeps one permit for a listener that is busy.
    pub fn new(inner: Arc<dyn CommittedEvents>, changed: Arc<Notify>) -> Self {
        Self { inner, changed }
    }
}

impl CommittedEvents for WatchedEvents {
    fn committed(&self, entry: OutboxEntry) {
        self.changed.notify_one();
        self.inner.committed(entry);
    }
}
