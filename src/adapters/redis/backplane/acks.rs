use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicI32, Ordering};

use tokio::sync::oneshot;

/// Group changes other servers are asked for and have not acknowledged yet.
#[derive(Debug, Default)]
pub(super) struct Acks {
    last_id: AtomicI32,
    pending: Mutex<HashMap<i32, oneshot::Sender<()>>>,
}

/// One of them; forgotten on drop.
#[derive(Debug)]
pub(super) struct PendingAck<'a> {
    acks: &'a Acks,
    pub(super) id: i32,
    pub(super) acknowledged: oneshot::Receiver<()>,
}

impl Acks {
    /// A new id to ask with.
    pub(super) fn expect(&self) -> PendingAck<'_> {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let (sender, acknowledged) = oneshot::channel();
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        PendingAck { acks: self, id, acknowledged }
    }

    /// Somebody did it.
    pub(super) fn acknowledge(&self, id: i32) {
        if let Some(waiting) =
            self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
        {
            // Who gave up waiting needs no answer.
            let _ = waiting.send(());
        }
    }
}

impl Drop for PendingAck<'_> {
    fn drop(&mut self) {
        self.acks.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
