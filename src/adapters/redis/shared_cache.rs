use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fred::interfaces::HashesInterface;
use tokio::sync::Mutex;

use super::GuardedClient;
use super::keys;
use super::script::SlotScript;
use super::subscriptions::{Listener, News, Subscriptions};
use crate::ports::{CacheArea, CacheKey, CacheNotice, CacheSlot, SharedCache, StoreError};

/// Longest life of a value, so that what nobody invalidates is outdated for at most so long.
const MAX_AGE: Duration = Duration::from_secs(300);
/// Values of one area.
const MAX_VALUES: i64 = 1_000;
/// Bytes of one value.
const MAX_BYTES: usize = 1024 * 1024;

/// The cache tier that pods share: one hash per area, with the area's version beside its values.
pub struct RedisSharedCache {
    redis: GuardedClient,
    notices: Mutex<Listener>,
    store: SlotScript,
    invalidate: SlotScript,
}

impl RedisSharedCache {
    /// The channels [`Subscriptions`] must listen on.
    pub fn channels() -> Vec<String> {
        vec![keys::CACHE_CHANNEL.to_owned()]
    }

    /// Works through `redis` and listens to `subscriptions`.
    pub fn new(redis: GuardedClient, subscriptions: &Subscriptions) -> Self {
        Self {
            redis,
            notices: Mutex::new(subscriptions.listen()),
            store: SlotScript::new(include_str!("lua/cache_store.lua")),
            invalidate: SlotScript::new(include_str!("lua/cache_invalidate.lua")),
        }
    }
}

#[async_trait]
impl SharedCache for RedisSharedCache {
    async fn read(&self, key: &CacheKey) -> Result<CacheSlot, StoreError> {
        let fields = vec!["version".to_owned(), field(key)];
        let found: (Option<i64>, Option<Bytes>) =
            self.redis.run(self.redis.client.hmget(keys::cache(key.area), fields)).await?;
        Ok(CacheSlot { version: found.0.unwrap_or(0), value: found.1 })
    }

    async fn store(&self, key: &CacheKey, version: i64, value: &Bytes) -> Result<bool, StoreError> {
        if value.len() > MAX_BYTES {
            return Ok(false);
        }
        let args = vec![
            version.into(),
            field(key).into(),
            value.clone().into(),
            (MAX_AGE.as_millis() as i64).into(),
            (MAX_VALUES + 1).into(),
        ];
        let area = keys::cache(key.area);
        let store = self.store.call(&self.redis.client, &area, args);
        let stored: i64 = self.redis.run(store).await?;
        Ok(stored == 1)
    }

    async fn invalidate(&self, area: CacheArea) -> Result<(), StoreError> {
        let args = vec![
            (MAX_AGE.as_millis() as i64).into(),
            keys::CACHE_CHANNEL.into(),
            area.name().into(),
        ];
        self.redis.run(self.invalidate.call(&self.redis.client, &keys::cache(area), args)).await
    }

    async fn notice(&self) -> CacheNotice {
        let mut listener = self.notices.lock().await;
        loop {
            match listener.next().await {
                Some(News::Gap) => return CacheNotice::Gap,
                Some(News::Message { channel, text }) if channel == keys::CACHE_CHANNEL => {
                    // A later version of ours may know more areas; nothing of them is cached here.
                    if let Some(area) = CacheArea::ALL.into_iter().find(|area| area.name() == text)
                    {
                        return CacheNotice::Invalidated(area);
                    }
                }
                Some(News::Message { .. }) => {}
                None => std::future::pending().await,
            }
        }
    }
}

/// Apart from the field `version`.
fn field(key: &CacheKey) -> String {
    format!("value:{}", key.id)
}
