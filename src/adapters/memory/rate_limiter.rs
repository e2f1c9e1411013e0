use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use moka::future::Cache;

use crate::ports::{Clock, RateDecision, RateLimit, RateLimiter, StoreError};

/// Buckets counted at a time; a caller that can fill it forgets others' counts, which errs on the
/// side of letting pass.
const CAPACITY: u64 = 100_000;
/// Longest span a bucket is remembered without use; no limit has a longer one.
const IDLE: Duration = Duration::from_secs(24 * 60 * 60);

/// Rate limits of one process.
pub struct MemoryRateLimiter {
    buckets: Cache<String, i64>,
    clock: Arc<dyn Clock>,
}

impl MemoryRateLimiter {
    /// All buckets are full.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { buckets: Cache::builder().max_capacity(CAPACITY).time_to_idle(IDLE).build(), clock }
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    async fn take(&self, bucket: &str, limit: RateLimit) -> Result<RateDecision, StoreError> {
        let mut taken = None;
        self.buckets
            .entry_by_ref(bucket)
            .and_upsert_with(|entry| {
                let (full_at, decision) =
                    limit.decide(entry.map(|entry| entry.into_value()), self.clock.now().micros);
                taken = Some(decision);
                std::future::ready(full_at)
            })
            .await;
        taken.ok_or_else(|| StoreError::fault("the bucket was not looked at"))
    }
}
