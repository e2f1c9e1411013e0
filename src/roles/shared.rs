use std::sync::Arc;

use fred::clients::Client;
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::adapters::memory::{LocalWakeup, MemoryStatusCopy};
use crate::adapters::redis::{
    RedisEventStream, RedisHealth, RedisStatusCopy, RedisWakeup, Subscriptions, command_client, subscriber_client,
};
use crate::config::{RedisSettings, Settings};
use crate::ports::{EventStream, HealthProbe, StatusCopy, StoreError, Stores, Wakeup};

/// What every role stands on.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) stores: Stores,
    pub(super) copy: Arc<dyn StatusCopy>,
    pub(super) wakeup: Arc<dyn Wakeup>,
    /// Order events between processes; `None` without Redis, where the outbox is read directly (D4).
    pub(super) stream: Option<Arc<dyn EventStream>>,
    pub(super) probes: Vec<Arc<dyn HealthProbe>>,
}

impl Shared {
    /// Connects to Redis when there is one. It may be away: clients connect in the background, for ever. `stop` ends its tasks.
    pub(super) fn new(settings: Settings, stores: Stores, stop: &CancellationToken) -> Result<Self, StartError> {
        let mut probes = vec![stores.health.clone()];
        let Some(redis) = settings.connections.redis.clone() else {
            let copy = Arc::new(MemoryStatusCopy::new(settings.workflow_state_ttl));
            return Ok(Self { settings, stores, copy, wakeup: Arc::new(LocalWakeup::default()), stream: None, probes });
        };
        let client = command(&redis)?;
        let subscriber = subscriber_client(&redis).map_err(redis_failed)?;
        let subscriptions = Subscriptions::start(subscriber, RedisWakeup::channels(), stop.clone());
        let wakeup = RedisWakeup::start(client.clone(), &subscriptions, stop);
        // A blocking read keeps its connection busy, so it has one of its own.
        let stream = RedisEventStream::new(client.clone(), command(&redis)?);
        let copy = RedisStatusCopy::new(client.clone(), settings.workflow_state_ttl);
        probes.push(Arc::new(RedisHealth::new(client, subscriptions)));
        Ok(Self { settings, stores, copy: Arc::new(copy), wakeup: Arc::new(wakeup), stream: Some(Arc::new(stream)), probes })
    }
}

fn command(settings: &RedisSettings) -> Result<Client, StartError> {
    command_client(settings).map_err(redis_failed)
}

pub(super) fn redis_failed(error: StoreError) -> StartError {
    StartError::new("ConnectionStrings__Redis", error)
}
