use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::Guard;
use crate::ports::{CacheArea, CacheKey, CacheNotice, CacheSlot, SharedCache, StoreError};

/// The shared cache tier behind a guard.
pub struct GuardedSharedCache {
    inner: Arc<dyn SharedCache>,
    guard: Arc<Guard>,
}

impl GuardedSharedCache {
    /// Guards `inner`.
    pub fn new(inner: Arc<dyn SharedCache>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl SharedCache for GuardedSharedCache {
    async fn read(&self, key: &CacheKey) -> Result<CacheSlot, StoreError> {
        self.guard.call(self.inner.read(key)).await
    }

    async fn store(&self, key: &CacheKey, version: i64, value: &Bytes) -> Result<bool, StoreError> {
        self.guard.call(self.inner.store(key, version, value)).await
    }

    async fn invalidate(&self, area: CacheArea) -> Result<(), StoreError> {
        self.guard.call(self.inner.invalidate(area)).await
    }

    async fn notice(&self) -> CacheNotice {
        self.inner.notice().await
    }
}
