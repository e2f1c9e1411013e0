use std::time::Duration;

use async_trait::async_trait;
use fred::types::Value;
use uuid::Uuid;

use super::GuardedClient;
use super::keys;
use super::script::SlotScript;
use crate::ports::{HeldLock, Locks, StoreError};

/// Lease locks in Redis: one key with an expiry, a random token, and scripts that compare it before
/// they touch the key.
pub struct RedisLocks {
    redis: GuardedClient,
    acquire: SlotScript,
    renew: SlotScript,
    release: SlotScript,
}

impl RedisLocks {
    /// Works through `redis`.
    pub fn new(redis: GuardedClient) -> Self {
        Self {
            redis,
            acquire: SlotScript::new(include_str!("lua/acquire_lock.lua")),
            renew: SlotScript::new(include_str!("lua/renew_lock.lua")),
            release: SlotScript::new(include_str!("lua/release_lock.lua")),
        }
    }

    async fn is_done(
        &self,
        script: &SlotScript,
        name: &str,
        args: Vec<Value>,
    ) -> Result<bool, StoreError> {
        let done: i64 =
            self.redis.run(script.call(&self.redis.client, &keys::lock(name), args)).await?;
        Ok(done == 1)
    }
}

#[async_trait]
impl Locks for RedisLocks {
    async fn acquire(&self, name: &str, lease: Duration) -> Result<Option<HeldLock>, StoreError> {
        let token = Uuid::new_v4().to_string();
        let args = vec![token.as_str().into(), millis(lease)];
        let taken = self.is_done(&self.acquire, name, args).await?;
        Ok(taken.then(|| HeldLock { name: name.to_owned(), token }))
    }

    async fn renew(&self, held: &HeldLock, lease: Duration) -> Result<bool, StoreError> {
        self.is_done(&self.renew, &held.name, vec![held.token.as_str().into(), millis(lease)]).await
    }

    async fn release(&self, held: &HeldLock) -> Result<bool, StoreError> {
        self.is_done(&self.release, &held.name, vec![held.token.as_str().into()]).await
    }
}

fn millis(duration: Duration) -> Value {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).max(1).into()
}
