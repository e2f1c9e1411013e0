use std::sync::Arc;

use fred::clients::Client;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::commons::Commons;
use crate::adapters::WatchedOrders;
use crate::adapters::guarded::{
    self, Guard, GuardSettings, GuardedEventStream, GuardedHealth, GuardedStatusCopy,
};
use crate::adapters::memory::{LocalWakeup, MemoryStatusCopy};
use crate::adapters::redis::{
    RedisDeadLetters, RedisEventStream, RedisHealth, RedisSharedCache, RedisStatusCopy,
    RedisWakeup, Subscriptions, command_client, subscriber_client,
};
use crate::config::{BreakerLimits, RedisSettings, Settings};
use crate::delivery::{DeliveryHealth, DeliveryStatus};
use crate::ports::{
    CommittedEvents, DeadLetters, EventStream, HealthProbe, StatusCopy, StoreError, Stores, Wakeup,
};
use crate::resilience::BreakerSettings;

/// What every role stands on. Every port is behind the breaker of its dependency (S1-Res-1).
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) stores: Stores,
    pub(super) copy: Arc<dyn StatusCopy>,
    pub(super) wakeup: Arc<dyn Wakeup>,
    pub(super) commons: Commons,
    /// Takes the events that this process commits.
    pub(super) handover: Arc<dyn CommittedEvents>,
    /// The way that events take.
    pub(super) delivery: DeliveryStatus,
    /// Says when an order was changed by this process.
    pub(super) changed: Arc<Notify>,
    pub(super) probes: Vec<Arc<dyn HealthProbe>>,
    /// What processes share; `None` without Redis, where this process is the only one with a hub.
    pub(super) redis: Option<SharedRedis>,
}

/// What there is only with Redis.
pub(super) struct SharedRedis {
    /// Order events between processes (D4).
    pub(super) events: Arc<dyn EventStream>,
    /// Order events that could not be delivered.
    pub(super) dead_letters: Arc<dyn DeadLetters>,
    /// Counts how often the stream had to be made anew, with what was in it lost.
    pub(super) resets: watch::Receiver<u64>,
    /// Redis' breaker.
    pub(super) guard: Arc<Guard>,
}

impl Shared {
    /// Connects to Redis when there is one. It may be away: clients connect in the background, for
    /// ever. `stop` ends its tasks.
    pub(super) fn new(
        settings: Settings,
        stores: Stores,
        handover: Arc<dyn CommittedEvents>,
        stop: &CancellationToken,
    ) -> Result<Self, StartError> {
        let sql = guard(StoreError::SQL, GuardSettings::SQL, &settings.resilience.sql);
        let changed = Arc::new(Notify::new());
        let mut stores = guarded::stores(stores, &sql);
        stores.orders = Arc::new(WatchedOrders::new(stores.orders, changed.clone()));
        let delivery = DeliveryStatus::default();
        let mut probes = vec![stores.health.clone()];
        probes.extend(stores.report_health.clone());
        let Some(redis) = settings.connections.redis.clone() else {
            let copy = Arc::new(MemoryStatusCopy::new(settings.workflow_state_ttl));
            let (wakeup, commons) = (Arc::new(LocalWakeup::default()), Commons::local());
            return Ok(Self {
                settings,
                stores,
                copy,
                wakeup,
                commons,
                handover,
                delivery,
                changed,
                probes,
                redis: None,
            });
        };
        let guard = guard(StoreError::REDIS, GuardSettings::REDIS, &settings.resilience.redis);
        let client = command(&redis)?;
        let subscriber = subscriber_client(&redis).map_err(redis_failed)?;
        let subscriptions = Subscriptions::start(
            subscriber,
            [RedisWakeup::channels(), RedisSharedCache::channels()].concat(),
            stop.clone(),
        );
        let wakeup = Arc::new(RedisWakeup::start(client.clone(), &subscriptions, stop));
        // A blocking read keeps its connection busy, so it has one of its own.
        let events = RedisEventStream::new(client.clone(), command(&redis)?);
        let resets = events.resets();
        let events = Arc::new(GuardedEventStream::new(Arc::new(events), guard.clone()));
        let dead_letters = Arc::new(RedisDeadLetters::new(client.clone()));
        let copy = RedisStatusCopy::new(client.clone(), settings.workflow_state_ttl);
        let copy = Arc::new(GuardedStatusCopy::new(Arc::new(copy), guard.clone()));
        let commons = Commons::shared(&client, &subscriptions, &guard, stop);
        probes.push(Arc::new(GuardedHealth::new(
            Arc::new(RedisHealth::new(client, subscriptions)),
            guard.clone(),
        )));
        probes.push(Arc::new(DeliveryHealth(delivery.clone())));
        Ok(Self {
            settings,
            stores,
            copy,
            wakeup,
            commons,
            handover,
            delivery,
            changed,
            probes,
            redis: Some(SharedRedis { events, dead_letters, resets, guard }),
        })
    }
}

fn guard(dependency: &'static str, usual: GuardSettings, limits: &BreakerLimits) -> Arc<Guard> {
    let breaker = BreakerSettings {
        window: limits.window,
        min_failures: limits.failures,
        open_for: limits.open_time,
        failure_share: usual.breaker.failure_share,
    };
    Arc::new(Guard::new(dependency, GuardSettings { deadline: limits.call_deadline, breaker }))
}

fn command(settings: &RedisSettings) -> Result<Client, StartError> {
    command_client(settings).map_err(redis_failed)
}

pub(super) fn redis_failed(error: StoreError) -> StartError {
    StartError::new("ConnectionStrings__Redis", error)
}
