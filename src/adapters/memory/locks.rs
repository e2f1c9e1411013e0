use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::Timestamp;
use crate::ports::{Clock, HeldLock, Locks, StoreError};

/// Lease locks of one process.
pub struct MemoryLocks {
    locks: Mutex<HashMap<String, Holder>>,
    clock: Arc<dyn Clock>,
}

struct Holder {
    token: String,
    until: Timestamp,
}

impl MemoryLocks {
    /// Nothing is locked.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { locks: Mutex::default(), clock }
    }

    /// Runs `action` on the lock if it is still the holder's.
    fn held<T>(
        &self,
        held: &HeldLock,
        action: impl FnOnce(&mut Holder, Timestamp) -> T,
    ) -> Option<T> {
        let now = self.clock.now();
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = locks
            .get_mut(&held.name)
            .filter(|holder| holder.token == held.token && holder.until > now)?;
        Some(action(holder, now))
    }
}

#[async_trait]
impl Locks for MemoryLocks {
    async fn acquire(&self, name: &str, lease: Duration) -> Result<Option<HeldLock>, StoreError> {
        let now = self.clock.now();
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        if locks.get(name).is_some_and(|holder| holder.until > now) {
            return Ok(None);
        }
        let token = Uuid::new_v4().to_string();
        locks.insert(name.to_owned(), Holder { token: token.clone(), until: now.plus(lease) });
        Ok(Some(HeldLock { name: name.to_owned(), token }))
    }

    async fn renew(&self, held: &HeldLock, lease: Duration) -> Result<bool, StoreError> {
        Ok(self.held(held, |holder, now| holder.until = now.plus(lease)).is_some())
    }

    async fn release(&self, held: &HeldLock) -> Result<bool, StoreError> {
        Ok(self.held(held, |holder, now| holder.until = now).is_some())
    }
}
