use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::shared::{Shared, redis_failed};
use crate::adapters::redis::{Agreement, RedisBackplane, command_client, subscriber_client};
use crate::app::{
    BridgeOutage, ConsumeEvents, DeliverEvents, DirectSink, EventPath, FollowUp, GetOrderStatus,
    Redelivery, RegisterOrder, RelayOutbox,
};
use crate::auth::TokenVerifier;
use crate::config::Settings;
use crate::hubs::{HubAuthenticator, HubNotifier, order_status};
use crate::lifecycle::{StopPhase, Supervisor};
use crate::ports::OrderNotifier;
use crate::signalr::backplane::{Backplane, BackplaneState, InProcessBus};
use crate::signalr::{HubEndpoint, HubLifetime, HubOptions, Origins};

/// How long an event that is published again is recognised, so that each tab hears it once.
/// Longer than a consumer's entry may wait to be taken over, and than the outages a pod bridges by
/// reading the outbox.
const REPEAT_WINDOW: Duration = Duration::from_secs(10 * 60);
/// How long the start waits for the backplane.
const JOIN_PATIENCE: Duration = Duration::from_secs(2);
/// What sockets may take to close once all were told.
const SOCKETS_END: Duration = Duration::from_secs(3);

/// The hub of this process and what sends to it.
pub(super) struct HubPart {
    lifetime: Arc<HubLifetime>,
    pub(super) notifier: Arc<dyn OrderNotifier>,
}

impl HubPart {
    /// Joins the other pods' hubs through Redis, if there is one.
    pub(super) fn new(
        shared: &Shared,
        connections: &CancellationToken,
    ) -> Result<Self, StartError> {
        let lifetime = HubLifetime::new(backplane(shared, connections)?, Some(REPEAT_WINDOW));
        let notifier = Arc::new(HubNotifier(lifetime.context()));
        Ok(Self { lifetime, notifier })
    }

    /// Waits until the other pods can be reached, but not for ever: a Redis that is out must not
    /// keep a pod from starting. Errors when they meet under another name: tabs on the two
    /// kinds of pods would never hear of each other's events (S2-K-1).
    pub(super) async fn join(
        &self,
        shared: &Shared,
        supervisor: &Supervisor,
    ) -> Result<(), StartError> {
        let Some(redis) = &shared.settings.connections.redis else { return Ok(()) };
        let mut state = self.lifetime.backplane_state();
        let joined = state.wait_for(|state| matches!(state, BackplaneState::Connected(_)));
        if !matches!(tokio::time::timeout(JOIN_PATIENCE, joined).await, Ok(Ok(_))) {
            tracing::warn!("the backplane is out: starting without it");
            return Ok(());
        }
        let hub = &shared.settings.signalr;
        let client = command_client(redis).map_err(redis_failed)?;
        let agreement = Agreement::new(client, format!("{}{}", hub.channel_prefix, hub.hub_name));
        match agreement.conclude().await {
            Ok(None) => {}
            Ok(Some(other)) => {
                let what = "SignalR__ChannelPrefix and SignalR__HubName differ from those of the web pods that run";
                let here = format!("{}{}", hub.channel_prefix, hub.hub_name);
                return Err(StartError::new(
                    what,
                    format!("they meet at '{other}', this pod would meet at '{here}'"),
                ));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot compare the hub's name with the other pods'")
            }
        }
        supervisor.spawn("hub-name", StopPhase::Background, |stop| async move {
            agreement.keep(stop).await;
            Ok(())
        });
        Ok(())
    }

    /// Starts what brings events to the hub, and the closing of its sockets at the end. Returns
    /// what is to be mounted.
    pub(super) fn start(
        &self,
        shared: &Shared,
        verifier: Arc<dyn TokenVerifier>,
        supervisor: &Supervisor,
    ) -> Arc<HubEndpoint> {
        let (orders, copy) = (shared.stores.orders.clone(), shared.copy.clone());
        let follow_up = FollowUp::new(copy.clone(), shared.wakeup.clone(), self.notifier.clone());
        let hub = order_status(
            Arc::new(RegisterOrder::new(orders.clone(), copy.clone(), follow_up.clone())),
            Arc::new(GetOrderStatus::new(orders.clone(), copy.clone(), follow_up)),
        );
        let key = token_key(&shared.settings);
        let authenticator = Arc::new(HubAuthenticator(verifier));
        let endpoint = HubEndpoint::new(
            hub,
            self.lifetime.clone(),
            authenticator,
            &key,
            options(&shared.settings),
        );

        self.start_events(shared, supervisor);
        let (closing, window) = (endpoint.clone(), shared.settings.drain.close_window);
        supervisor.spawn("hub", StopPhase::Work, |stop| async move {
            stop.cancelled().await;
            closing.begin_drain(window).await;
            let left = closing.wait_empty(SOCKETS_END).await;
            tracing::info!(left, "hub connections told to reconnect elsewhere");
            Ok(())
        });
        endpoint
    }

    /// Without Redis the outbox is read directly. With it, events come over the stream, and from
    /// the outbox while they cannot (D4).
    fn start_events(&self, shared: &Shared, supervisor: &Supervisor) {
        let (orders, copy, outbox) =
            (shared.stores.orders.clone(), shared.copy.clone(), shared.stores.outbox.clone());
        let deliver = DeliverEvents::new(orders.clone(), copy.clone(), self.notifier.clone());
        let Some(redis) = &shared.redis else {
            let relay =
                RelayOutbox::new(outbox, shared.wakeup.clone(), Arc::new(DirectSink(deliver)));
            return supervisor.spawn("outbox-relay", StopPhase::Background, |stop| async move {
                relay.run(stop).await;
                Ok(())
            });
        };
        let (settings, path) = (&shared.settings.events, EventPath::default());
        let redelivery = Redelivery { after: settings.retry_after, most: settings.max_deliveries };
        let name = consumer_name(&shared.settings);
        let consumer =
            ConsumeEvents::new(redis.events.clone(), deliver, name, redelivery, path.clone());
        supervisor.spawn("event-consumer", StopPhase::Background, |stop| async move {
            consumer.run(stop).await;
            Ok(())
        });
        let bridge = BridgeOutage::new(outbox, orders, copy, self.notifier.clone(), path.clone());
        supervisor.spawn("event-bridge", StopPhase::Background, |stop| async move {
            bridge.run(stop).await;
            Ok(())
        });
        let watched = watch_path(path, self.lifetime.backplane_state(), redis.resets.clone());
        supervisor.spawn("event-path", StopPhase::Background, |stop| async move {
            stop.run_until_cancelled(watched).await;
            Ok(())
        });
    }
}

/// Tells `path` of the backplane, and of a stream that was lost with what was in it.
async fn watch_path(
    path: EventPath,
    mut fan_out: watch::Receiver<BackplaneState>,
    mut resets: watch::Receiver<u64>,
) {
    let mut last = *fan_out.borrow();
    loop {
        let state = *fan_out.borrow_and_update();
        let connected = matches!(state, BackplaneState::Connected(_));
        if connected && state != last {
            path.gap();
            last = state;
        }
        path.fan_out(connected);
        tokio::select! {
            Ok(()) = fan_out.changed() => {}
            // Making the stream for the first time loses nothing, and a gap too many does no harm.
            Ok(()) = resets.changed() => path.gap(),
            else => return std::future::pending().await,
        }
    }
}

fn backplane(
    shared: &Shared,
    connections: &CancellationToken,
) -> Result<Arc<dyn Backplane>, StartError> {
    let hub = &shared.settings.signalr;
    let Some(settings) = &shared.settings.connections.redis else {
        return Ok(InProcessBus::new().join(&hub.hub_name));
    };
    let publisher = command_client(settings).map_err(redis_failed)?;
    let subscriber = subscriber_client(settings).map_err(redis_failed)?;
    Ok(RedisBackplane::start(
        publisher,
        subscriber,
        &hub.channel_prefix,
        &hub.hub_name,
        connections,
    ))
}

/// A process that shares no key is alone and makes one up.
fn token_key(settings: &Settings) -> Vec<u8> {
    match &settings.signalr.connection_token_key {
        Some(key) => key.expose().as_bytes().to_vec(),
        None => rand::random::<[u8; 32]>().to_vec(),
    }
}

/// Unique per process: two consumers of one name would take each other's entries for their own.
fn consumer_name(settings: &Settings) -> String {
    format!("{}:{}:{:016x}", settings.pod, std::process::id(), rand::random::<u64>())
}

fn options(settings: &Settings) -> HubOptions {
    let hub = &settings.signalr;
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    HubOptions {
        handshake_timeout: hub.handshake_timeout,
        keep_alive_interval: hub.keep_alive_interval,
        client_timeout: hub.client_timeout_interval,
        maximum_receive_message_size: count(hub.maximum_receive_message_size),
        connections_per_user: count(hub.max_connections_per_user),
        connections_per_pod: count(hub.max_connections),
        origins: Origins::Listed(hub.allowed_origins.clone()),
        ..HubOptions::default()
    }
}
