use std::sync::Arc;

use fred::clients::Client;
use tokio::sync::{Notify, watch};

use super::StartError;
use super::shared_state::SharedState;
use super::stores::guard_settings;
use crate::adapters::memory::{LocalWakeup, MemoryStatusCopy};
use crate::adapters::redis::{
    Dialer, GuardedClient, RedisDeadLetters, RedisEventStream, RedisHealth, RedisSharedCache,
    RedisStatusCopy, RedisWakeup, Subscriptions, command_client,
};
use crate::adapters::{Guard, GuardSettings, WatchedEvents};
use crate::config::{Part, RedisSettings, Settings};
use crate::delivery::{DeliveryHealth, DeliveryStatus};
use crate::lifecycle::Supervisor;
use crate::ports::{
    CommittedEvents, DeadLetters, EventStream, HealthProbe, StatusCopy, StoreError, Stores, Wakeup,
};

/// What every role stands on. Every port is behind the breaker of its dependency (S1-Res-1).
pub(super) struct Components {
    pub(super) settings: Settings,
    pub(super) stores: Stores,
    pub(super) copy: Arc<dyn StatusCopy>,
    pub(super) wakeup: Arc<dyn Wakeup>,
    pub(super) shared_state: SharedState,
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

impl Components {
    /// Connects to Redis when there is one. It may be away: clients connect in the background, for
    /// ever.
    pub(super) fn new(
        settings: Settings,
        stores: Stores,
        handover: Arc<dyn CommittedEvents>,
        supervisor: &Supervisor,
    ) -> Result<Self, StartError> {
        let changed = Arc::new(Notify::new());
        let handover = Arc::new(WatchedEvents::new(handover, changed.clone()));
        let delivery = DeliveryStatus::default();
        let mut probes = vec![stores.health.clone()];
        probes.extend(stores.report_health.clone());
        let ttl = settings.workflow_state_ttl;
        let (copy, wakeup, shared_state, redis): Shared = match &settings.connections.redis {
            None => (
                Arc::new(MemoryStatusCopy::new(ttl)),
                Arc::new(LocalWakeup::default()),
                SharedState::local(),
                None,
            ),
            Some(redis) => {
                let client = command(redis)?;
                let guarded = guarded(client.clone(), &settings);
                let guard = guarded.guard().clone();
                let mut channels = RedisSharedCache::channels();
                // Each hint would wake every pod, also those that take no jobs.
                if settings.parts().has(Part::Jobs) {
                    channels.extend(RedisWakeup::channels());
                }
                let dialer = Dialer::new(redis).map_err(redis_failed)?;
                let subscriptions = Subscriptions::start(dialer, channels, supervisor);
                let wakeup = RedisWakeup::start(client.clone(), &subscriptions, supervisor);
                // A blocking read keeps its connection busy, so it has one of its own.
                let events = RedisEventStream::new(guarded.clone(), command(redis)?);
                let resets = events.resets();
                let dead_letters = Arc::new(RedisDeadLetters::new(guarded.clone()));
                let copy = RedisStatusCopy::new(guarded.clone(), ttl);
                let state = SharedState::shared(&client, &guarded, &subscriptions, supervisor);
                probes.push(Arc::new(RedisHealth::new(guarded, subscriptions)));
                probes.push(Arc::new(DeliveryHealth(delivery.clone())));
                let redis = SharedRedis { events: Arc::new(events), dead_letters, resets, guard };
                (Arc::new(copy), Arc::new(wakeup), state, Some(redis))
            }
        };
        Ok(Self {
            settings,
            stores,
            copy,
            wakeup,
            shared_state,
            handover,
            delivery,
            changed,
            probes,
            redis,
        })
    }
}

/// What depends on whether there is a Redis.
type Shared = (Arc<dyn StatusCopy>, Arc<dyn Wakeup>, SharedState, Option<SharedRedis>);

/// Guards Redis as the settings say.
pub(super) fn guarded(client: Client, settings: &Settings) -> GuardedClient {
    let limits = guard_settings(GuardSettings::REDIS, &settings.resilience.redis);
    GuardedClient::new(client, Arc::new(Guard::new(StoreError::REDIS, limits)))
}

fn command(settings: &RedisSettings) -> Result<Client, StartError> {
    command_client(settings).map_err(redis_failed)
}

pub(super) fn redis_failed(error: StoreError) -> StartError {
    StartError::new("ConnectionStrings__Redis", error)
}
