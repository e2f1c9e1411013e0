use std::sync::Arc;

use async_trait::async_trait;

use super::Guard;
use crate::domain::{CorrelationId, OrderSnapshot, UserId};
use crate::ports::{CopiedStatus, StatusCopy, StoreError};

/// The status copy behind a guard.
pub struct GuardedStatusCopy {
    inner: Arc<dyn StatusCopy>,
    guard: Arc<Guard>,
}

impl GuardedStatusCopy {
    /// Guards `inner`.
    pub fn new(inner: Arc<dyn StatusCopy>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl StatusCopy for GuardedStatusCopy {
    async fn write(&self, snapshot: &OrderSnapshot) -> Result<(), StoreError> {
        self.guard.call(self.inner.write(snapshot)).await
    }

    async fn owner(&self, correlation_id: CorrelationId) -> Result<Option<UserId>, StoreError> {
        self.guard.call(self.inner.owner(correlation_id)).await
    }

    async fn read(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<CopiedStatus>, StoreError> {
        self.guard.call(self.inner.read(correlation_id)).await
    }

    async fn touch(&self, correlation_id: CorrelationId) -> Result<(), StoreError> {
        self.guard.call(self.inner.touch(correlation_id)).await
    }
}
