use std::collections::HashMap;

use async_trait::async_trait;
use fred::error::Error;
use fred::interfaces::StreamsInterface;
use fred::types::{Key, Value};

use super::GuardedClient;
use super::{event_fields, keys};
use crate::ports::{DeadLetter, DeadLetters, StoreError};

type Entry = (String, HashMap<Key, Value>);

/// What [`super::RedisEventStream`] buried.
pub struct RedisDeadLetters {
    redis: GuardedClient,
}

impl RedisDeadLetters {
    /// Works through `redis`.
    pub fn new(redis: GuardedClient) -> Self {
        Self { redis }
    }

    async fn try_replay(&self, entry: &str) -> Result<bool, Error> {
        let found: Vec<Entry> =
            self.redis.client.xrange_values(keys::DEAD_EVENTS, entry, entry, None).await?;
        let Some(event) = found.first().and_then(|(_, fields)| event_fields::decode(fields)) else {
            return Ok(false);
        };
        // First back, then gone: the other way round a crash between the two would lose it.
        let fields = event_fields::encode(&event);
        self.redis.client.xadd::<(), _, _, _, _>(keys::EVENTS, false, None, "*", fields).await?;
        self.redis.client.xdel::<(), _, _>(keys::DEAD_EVENTS, entry).await?;
        Ok(true)
    }
}

#[async_trait]
impl DeadLetters for RedisDeadLetters {
    async fn count(&self) -> Result<u64, StoreError> {
        self.redis.run(self.redis.client.xlen(keys::DEAD_EVENTS)).await
    }

    async fn list(&self, limit: usize) -> Result<Vec<DeadLetter>, StoreError> {
        let range =
            self.redis.client.xrange_values(keys::DEAD_EVENTS, "-", "+", Some(limit as u64));
        let found: Vec<Entry> = self.redis.run(range).await?;
        Ok(found.into_iter().map(|(entry, fields)| letter(entry, &fields)).collect())
    }

    async fn replay(&self, entry: &str) -> Result<bool, StoreError> {
        self.redis.run(self.try_replay(entry)).await
    }
}

fn letter(entry: String, fields: &HashMap<Key, Value>) -> DeadLetter {
    let text = |name: &'static str| {
        fields.get(&Key::from_static_str(name)).and_then(|value| value.as_string())
    };
    DeadLetter {
        entry,
        event: event_fields::decode(fields),
        cause: text("cause").unwrap_or_default(),
        deliveries: text("deliveries").and_then(|count| count.parse().ok()).unwrap_or(0),
    }
}
