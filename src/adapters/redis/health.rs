use std::time::{Duration, Instant};

use async_trait::async_trait;
use fred::interfaces::ClientLike;
use serde_json::json;
use tokio::time::timeout;

use super::GuardedClient;
use super::subscriptions::Subscriptions;
use crate::ports::{ComponentHealth, Health, HealthProbe};

/// An answer that takes longer is a bad sign (S1-Res-3).
const SLOW: Duration = Duration::from_millis(100);

/// Asks Redis for a PONG, and whether we hear what others publish.
pub struct RedisHealth {
    redis: GuardedClient,
    subscriptions: Subscriptions,
}

impl RedisHealth {
    /// Looks at these two.
    pub fn new(redis: GuardedClient, subscriptions: Subscriptions) -> Self {
        Self { redis, subscriptions }
    }
}

#[async_trait]
impl HealthProbe for RedisHealth {
    fn name(&self) -> &'static str {
        "redis"
    }

    async fn check(&self, deadline: Duration) -> ComponentHealth {
        let start = Instant::now();
        let answered =
            matches!(timeout(deadline, self.redis.client.ping::<()>(None)).await, Ok(Ok(())));
        let took = start.elapsed();
        let subscribed = self.subscriptions.is_complete();
        metrics::gauge!("contoso_redis_up").set(f64::from(u8::from(answered)));
        metrics::histogram!("contoso_redis_ping_seconds").record(took.as_secs_f64());
        let status = match (answered, subscribed && took <= SLOW) {
            (false, _) => Health::Unhealthy,
            (true, false) => Health::Degraded,
            (true, true) => Health::Healthy,
        };
        let data =
            json!({ "connected": self.redis.client.is_connected(), "subscribed": subscribed });
        let duration_ms = took.as_secs_f64() * 1_000.0;
        self.redis.guard().tell(ComponentHealth { status, duration_ms, data })
    }
}
