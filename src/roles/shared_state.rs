use std::sync::Arc;
use std::time::Duration;

use fred::clients::Client;

use crate::adapters::memory::{MemoryLocks, MemoryRateLimiter, MemorySessions};
use crate::adapters::redis::{
    GuardedClient, RedisLocks, RedisRateLimiter, RedisSessions, RedisSharedCache, Subscriptions,
};
use crate::adapters::{FallbackRateLimiter, Guard, GuardSettings, TieredCache};
use crate::lifecycle::Supervisor;
use crate::ports::{Cache, Locks, RateLimiter, Sessions, SystemClock};

/// What processes have in common beside orders.
pub(super) struct SharedState {
    pub(super) limiter: Arc<dyn RateLimiter>,
    pub(super) cache: Arc<dyn Cache>,
    pub(super) sessions: Arc<dyn Sessions>,
    pub(super) locks: Arc<dyn Locks>,
}

impl SharedState {
    /// Of this process alone.
    pub(super) fn local() -> Self {
        Self {
            limiter: Arc::new(MemoryRateLimiter::new(Arc::new(SystemClock))),
            cache: Arc::new(TieredCache::local()),
            sessions: Arc::<MemorySessions>::default(),
            locks: Arc::new(MemoryLocks::new(Arc::new(SystemClock))),
        }
    }

    /// Shared through Redis.
    pub(super) fn shared(
        client: &Client,
        guarded: &GuardedClient,
        subscriptions: &Subscriptions,
        supervisor: &Supervisor,
    ) -> Self {
        // Every request waits for its count, so this gives up sooner than what is needed for its
        // own sake.
        let quick = GuardSettings { deadline: Duration::from_millis(250), ..GuardSettings::REDIS };
        let limits = Arc::new(Guard::new("redis-limits", quick));
        let limiter = RedisRateLimiter::new(GuardedClient::new(client.clone(), limits));
        let cache = RedisSharedCache::new(guarded.clone(), subscriptions);
        Self {
            limiter: Arc::new(FallbackRateLimiter::new(Arc::new(limiter), Self::local().limiter)),
            cache: TieredCache::start(Arc::new(cache), supervisor),
            locks: Arc::new(RedisLocks::new(guarded.clone())),
            sessions: Arc::new(RedisSessions::new(guarded.clone())),
        }
    }
}
