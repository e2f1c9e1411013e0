use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use moka::future::Cache;

use crate::domain::UserId;
use crate::ports::{MAX_SESSION, Sessions, StoreError};

/// Bytes of all sessions together; beyond that the least used ones go.
const CAPACITY: u64 = 64 * 1024 * 1024;

/// Sessions of the users of one process.
pub struct MemorySessions {
    sessions: Cache<UserId, Bytes>,
}

impl Default for MemorySessions {
    fn default() -> Self {
        let sessions = Cache::builder()
            .max_capacity(CAPACITY)
            .weigher(|user: &UserId, session: &Bytes| {
                u32::try_from(user.as_str().len() + session.len()).unwrap_or(u32::MAX)
            })
            .time_to_idle(Duration::from_secs(24 * 60 * 60))
            .build();
        Self { sessions }
    }
}

#[async_trait]
impl Sessions for MemorySessions {
    async fn find(&self, user: &UserId) -> Result<Option<Bytes>, StoreError> {
        Ok(self.sessions.get(user).await)
    }

    async fn save(&self, user: &UserId, session: Bytes) -> Result<(), StoreError> {
        if session.len() > MAX_SESSION {
            return Err(StoreError::fault("a session is larger than 64 KiB"));
        }
        self.sessions.insert(user.clone(), session).await;
        Ok(())
    }
}
