use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::status::DeliveryStatus;
use crate::ports::{ComponentHealth, Health, HealthProbe};

/// Whether events take the usual way: degraded while they are read from the outbox instead of the
/// stream, or wait in it because the stream is full.
pub struct DeliveryHealth(pub DeliveryStatus);

#[async_trait]
impl HealthProbe for DeliveryHealth {
    fn name(&self) -> &'static str {
        "events"
    }

    async fn check(&self, _deadline: Duration) -> ComponentHealth {
        let (full, from_outbox) = (self.0.is_stream_full(), self.0.is_from_outbox());
        ComponentHealth {
            status: if full || from_outbox { Health::Degraded } else { Health::Healthy },
            duration_ms: 0.0,
            data: json!({
                "source": if from_outbox { "outbox" } else { "stream" },
                "streamFull": full,
                "deadLetters": self.0.dead_letters(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_degraded_while_events_do_not_take_the_usual_way() {
        let status = DeliveryStatus::default();
        let health = DeliveryHealth(status.clone());
        let is = async || health.check(Duration::ZERO).await.status;
        assert_eq!(is().await, Health::Healthy);
        status.set_stream_full(true);
        assert_eq!(is().await, Health::Degraded);
        status.set_stream_full(false);
        status.set_from_outbox(true);
        assert_eq!(is().await, Health::Degraded);
        status.set_from_outbox(false);
        assert_eq!(is().await, Health::Healthy);
    }
}
