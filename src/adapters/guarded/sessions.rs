use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::Guard;
use crate::domain::UserId;
use crate::ports::{Sessions, StoreError};

/// Sessions behind a guard.
pub struct GuardedSessions {
    inner: Arc<dyn Sessions>,
    guard: Arc<Guard>,
}

impl GuardedSessions {
    /// Guards `inner`.
    pub fn new(inner: Arc<dyn Sessions>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl Sessions for GuardedSessions {
    async fn find(&self, user: &UserId) -> Result<Option<Bytes>, StoreError> {
        self.guard.call(self.inner.find(user)).await
    }

    async fn save(&self, user: &UserId, session: Bytes) -> Result<(), StoreError> {
        self.guard.call(self.inner.save(user, session)).await
    }
}
