use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::ports::{HeldLock, Locks, StoreError};

/// What became of work that only one process may do at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locked<T> {
    /// Done, with the lock held to the end as far as we know.
    Done(T),
    /// Somebody else is at it.
    Busy,
    /// The lease was lost half-way; the work was stopped where it stood.
    Lost,
}

/// Does `work` while holding the lock `name`, renewing its lease three times as often as needed
/// (S1-Flow-4c). Work that must not be done by a holder that froze claims its turn with
/// [`crate::ports::Rounds`] first.
///
/// # Errors
/// When the lock cannot be asked for. Trouble with a renewal is borne until the lease has run out.
pub async fn under_lock<T, F: Future<Output = T>>(
    locks: &dyn Locks,
    name: &str,
    lease: Duration,
    work: impl FnOnce(HeldLock) -> F,
) -> Result<Locked<T>, StoreError> {
    let Some(held) = locks.acquire(name, lease).await? else { return Ok(Locked::Busy) };
    let outcome = tokio::select! {
        done = work(held.clone()) => Locked::Done(done),
        () = lost(locks, &held, lease) => Locked::Lost,
    };
    if let Err(error) = locks.release(&held).await {
        tracing::warn!(%error, name, "a lock is not released and must run out");
    }
    Ok(outcome)
}

/// Renews the lease; returns once it is lost.
async fn lost(locks: &dyn Locks, held: &HeldLock, lease: Duration) {
    let mut until = Instant::now() + lease;
    loop {
        sleep(lease / 3).await;
        let asked = Instant::now();
        match locks.renew(held, lease).await {
            Ok(true) => until = asked + lease,
            Ok(false) => return,
            Err(_) if Instant::now() >= until => return,
            Err(error) => tracing::warn!(%error, name = held.name, "a lock cannot be renewed yet"),
        }
    }
}
