use std::sync::Arc;

use async_trait::async_trait;

use crate::ports::{RateDecision, RateLimit, RateLimiter, StoreError};

/// Limits shared by all pods; while they cannot be had, the same limits per process.
pub struct FallbackRateLimiter {
    shared: Arc<dyn RateLimiter>,
    local: Arc<dyn RateLimiter>,
}

impl FallbackRateLimiter {
    /// Asks `shared`, else `local`.
    pub fn new(shared: Arc<dyn RateLimiter>, local: Arc<dyn RateLimiter>) -> Self {
        Self { shared, local }
    }
}

#[async_trait]
impl RateLimiter for FallbackRateLimiter {
    async fn take(&self, bucket: &str, limit: RateLimit) -> Result<RateDecision, StoreError> {
        match self.shared.take(bucket, limit).await {
            Err(error) if error.is_transient() => {
                metrics::counter!("contoso_rate_limit_fallbacks_total").increment(1);
                self.local.take(bucket, limit).await
            }
            answer => answer,
        }
    }
}
