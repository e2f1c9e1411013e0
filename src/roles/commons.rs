use std::sync::Arc;
use std::time::Duration;

use fred::clients::Client;
use tokio_util::sync::CancellationToken;

use crate::adapters::TieredCache;
use crate::adapters::guarded::{
    Guard, GuardSettings, GuardedLocks, GuardedRateLimiter, GuardedSessions, GuardedSharedCache,
};
use crate::adapters::memory::{MemoryLocks, MemoryRateLimiter, MemorySessions};
use crate::adapters::redis::{
    RedisLocks, RedisRateLimiter, RedisSessions, RedisSharedCache, Subscriptions,
};
use crate::ports::{Cache, Locks, RateLimiter, Sessions, SystemClock};

/// What processes have in common beside orders.
pub(super) struct Commons {
    pub(super) limiter: Arc<dyn RateLimiter>,
    pub(super) cache: Arc<dyn Cache>,
    pub(super) sessions: Arc<dyn Sessions>,
    pub(super) locks: Arc<dyn Locks>,
}

impl Commons {
    /// Of this process alone.
    pub(super) fn local() -> Self {
        Self {
            limiter: Arc::new(MemoryRateLimiter::new(Arc::new(SystemClock))),
            cache: Arc::new(TieredCache::local()),
            sessions: Arc::<MemorySessions>::default(),
            locks: Arc::new(MemoryLocks::new(Arc::new(SystemClock))),
        }
    }

    /// Shared through Redis, behind its `guard`. `stop` ends the cache's task.
    pub(super) fn shared(
        client: &Client,
        subscriptions: &Subscriptions,
        guard: &Arc<Guard>,
        stop: &CancellationToken,
    ) -> Self {
        // Every request waits for its count, so this gives up sooner than what is needed for its
        // own sake.
        let quick = GuardSettings { deadline: Duration::from_millis(250), ..GuardSettings::REDIS };
        let limits = Arc::new(Guard::new("redis-limits", quick));
        let local = Self::local();
        let cache = GuardedSharedCache::new(
            Arc::new(RedisSharedCache::new(client.clone(), subscriptions)),
            guard.clone(),
        );
        Self {
            limiter: Arc::new(GuardedRateLimiter::new(
                Arc::new(RedisRateLimiter::new(client.clone())),
                local.limiter,
                limits,
            )),
            cache: TieredCache::start(Arc::new(cache), stop.clone()),
            locks: Arc::new(GuardedLocks::new(
                Arc::new(RedisLocks::new(client.clone())),
                guard.clone(),
            )),
            sessions: Arc::new(GuardedSessions::new(
                Arc::new(RedisSessions::new(client.clone())),
                guard.clone(),
            )),
        }
    }
}
