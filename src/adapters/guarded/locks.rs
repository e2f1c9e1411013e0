use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Guard;
use crate::ports::{HeldLock, Locks, StoreError};

/// Lease locks behind a guard.
pub struct GuardedLocks {
    inner: Arc<dyn Locks>,
    guard: Arc<Guard>,
}

impl GuardedLocks {
    /// Guards `inner`.
    pub fn new(inner: Arc<dyn Locks>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl Locks for GuardedLocks {
    async fn acquire(&self, name: &str, lease: Duration) -> Result<Option<HeldLock>, StoreError> {
        self.guard.call(self.inner.acquire(name, lease)).await
    }

    async fn renew(&self, held: &HeldLock, lease: Duration) -> Result<bool, StoreError> {
        self.guard.call(self.inner.renew(held, lease)).await
    }

    async fn release(&self, held: &HeldLock) -> Result<bool, StoreError> {
        self.guard.call(self.inner.release(held)).await
    }
}
