use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::time::{sleep, timeout};

use super::deliver::DeliverError;
use crate::domain::{CorrelationId, UserId};
use crate::ports::{OrderStore, StatusCopy};

/// Waits before the owner is looked up again (S2-C1-3c): a replica may be behind, or the store just
/// failing over.
const LOOK_AGAIN_AFTER: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(250), Duration::from_millis(500)];
/// How long the status copy may take to tell the owner before the system of record is asked.
const COPY_TIMEOUT: Duration = Duration::from_millis(250);
/// Owners remembered. An order has three events within moments; one that is forgotten is looked up
/// again.
const REMEMBERED: usize = 4_096;

/// Finds the owners of orders. An owner never changes, so the later events of an order need no
/// look.
pub(super) struct Owners {
    orders: Arc<dyn OrderStore>,
    copy: Arc<dyn StatusCopy>,
    known: Mutex<LruCache<CorrelationId, UserId>>,
}

impl Owners {
    /// Over these ports.
    pub(super) fn new(orders: Arc<dyn OrderStore>, copy: Arc<dyn StatusCopy>) -> Self {
        Self { orders, copy, known: Mutex::new(LruCache::unbounded()) }
    }

    /// The owner of an order.
    pub(super) async fn find(&self, order: CorrelationId) -> Result<UserId, DeliverError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(user) = known().get(&order) {
            return Ok(user.clone());
        }
        let user = self.look_up(order).await?;
        let mut known = known();
        known.put(order, user.clone());
        if known.len() > REMEMBERED {
            known.pop_lru();
        }
        Ok(user)
    }

    /// The copy first, the system of record second; the copy is made anew from what the
    /// latter says.
    async fn look_up(&self, order: CorrelationId) -> Result<UserId, DeliverError> {
        let mut waits = LOOK_AGAIN_AFTER.into_iter();
        loop {
            if let Ok(Ok(Some(user))) = timeout(COPY_TIMEOUT, self.copy.owner(order)).await {
                return Ok(user);
            }
            let error = match self.orders.snapshot(order).await {
                Ok(Some(snapshot)) => {
                    // Best effort: the next reader makes up for it.
                    let _ = timeout(COPY_TIMEOUT, self.copy.write(&snapshot)).await;
                    return Ok(snapshot.user);
                }
                Ok(None) => DeliverError::UnknownOrder,
                Err(error) => DeliverError::Store(error),
            };
            match waits.next() {
                Some(wait) => sleep(wait).await,
                None => return Err(error),
            }
        }
    }
}
