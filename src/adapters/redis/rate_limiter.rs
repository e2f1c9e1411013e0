use async_trait::async_trait;
use fred::clients::Client;

use super::error::store_error;
use super::keys;
use super::script::SlotScript;
use crate::ports::{RateDecision, RateLimit, RateLimiter, StoreError};

/// Rate limits that all pods share, by the clock of Redis.
pub struct RedisRateLimiter {
    client: Client,
    take: SlotScript,
}

impl RedisRateLimiter {
    /// Works through `client`.
    pub fn new(client: Client) -> Self {
        Self { client, take: SlotScript::new(include_str!("lua/take_permit.lua")) }
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn take(&self, bucket: &str, limit: RateLimit) -> Result<RateDecision, StoreError> {
        let args = vec![limit.interval_micros().into(), i64::from(limit.permits.max(1)).into()];
        let (allowed, used): (i64, i64) =
            self.take.call(&self.client, &keys::rate(bucket), args).await.map_err(store_error)?;
        Ok(limit.decision(allowed == 1, used))
    }
}
