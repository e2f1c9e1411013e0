use async_trait::async_trait;

use super::GuardedClient;
use super::keys;
use super::script::SlotScript;
use crate::ports::{RateDecision, RateLimit, RateLimiter, StoreError};

/// Rate limits that all pods share, by the clock of Redis.
pub struct RedisRateLimiter {
    redis: GuardedClient,
    take: SlotScript,
}

impl RedisRateLimiter {
    /// Works through `redis`.
    pub fn new(redis: GuardedClient) -> Self {
        Self { redis, take: SlotScript::new(include_str!("lua/take_permit.lua")) }
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn take(&self, bucket: &str, limit: RateLimit) -> Result<RateDecision, StoreError> {
        let args = vec![limit.interval_micros().into(), i64::from(limit.permits.max(1)).into()];
        let (allowed, used): (i64, i64) =
            self.redis.run(self.take.call(&self.redis.client, &keys::rate(bucket), args)).await?;
        Ok(limit.decision(allowed == 1, used))
    }
}
