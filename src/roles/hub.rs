use std::sync::Arc;
use std::time::Duration;

use super::StartError;
use super::components::{Components, redis_failed};
use super::relay::start_relay;
use crate::adapters::redis::{Agreement, Dialer, RedisBackplane, command_client};
use crate::app::{AfterCommit, GetOrderStatus, RegisterOrder};
use crate::auth::TokenVerifier;
use crate::config::Settings;
use crate::delivery::{
    DeliverEvent, DirectSink, FillGaps, FollowEvents, HandedOver, Interruptions, OutboxPositions,
    Redelivery, StreamConsumer, StreamTrimmer,
};
use crate::hubs::{HubAuthenticator, HubNotifier, order_status};
use crate::lifecycle::{StopPhase, Supervisor};
use crate::ports::OrderNotifier;
use crate::signalr::backplane::{Backplane, BackplaneState, InProcessBus};
use crate::signalr::{Gaps, HubContext, HubEndpoint, HubLifetime, HubOptions, Origins};

/// How long the start waits for the backplane.
const JOIN_TIMEOUT: Duration = Duration::from_secs(2);
/// What sockets may take to close once all were told.
const SOCKETS_END: Duration = Duration::from_secs(3);

/// The hub of this process and what sends to it.
pub(super) struct HubPart {
    lifetime: Arc<HubLifetime>,
    gaps: Gaps,
    notifier: Arc<dyn OrderNotifier>,
}

impl HubPart {
    /// Joins the other pods' hubs through Redis, if there is one.
    pub(super) fn new(
        components: &Components,
        supervisor: &Supervisor,
    ) -> Result<Self, StartError> {
        let (lifetime, gaps) = HubLifetime::new(backplane(components, supervisor)?);
        let notifier = Arc::new(HubNotifier(HubContext::new(lifetime.clone())));
        Ok(Self { lifetime, gaps, notifier })
    }

    /// Waits until the other pods can be reached, but not for ever: a Redis that is out must not
    /// keep a pod from starting. Errors when they meet under another name: tabs on the two
    /// kinds of pods would never hear of each other's events (S2-K-1).
    pub(super) async fn join(
        &self,
        components: &Components,
        supervisor: &Supervisor,
    ) -> Result<(), StartError> {
        let Some(redis) = &components.settings.connections.redis else { return Ok(()) };
        let mut state = self.lifetime.backplane_state();
        let joined = state.wait_for(|state| matches!(state, BackplaneState::Connected(_)));
        if !matches!(tokio::time::timeout(JOIN_TIMEOUT, joined).await, Ok(Ok(_))) {
            tracing::warn!("the backplane is out: starting without it");
            return Ok(());
        }
        let hub = &components.settings.signalr;
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
    pub(super) async fn start(
        self,
        components: &Components,
        verifier: Arc<dyn TokenVerifier>,
        token_key: &[u8],
        handed: Option<HandedOver>,
        supervisor: &Supervisor,
    ) -> Arc<HubEndpoint> {
        let (orders, copy) = (components.stores.orders.clone(), components.copy.clone());
        let after_commit =
            AfterCommit::new(copy.clone(), components.wakeup.clone(), components.handover.clone());
        let hub = order_status(
            Arc::new(RegisterOrder::new(orders.clone(), copy.clone(), after_commit.clone())),
            Arc::new(GetOrderStatus::new(orders.clone(), copy.clone(), after_commit)),
        );
        let authenticator = Arc::new(HubAuthenticator(verifier));
        let endpoint = HubEndpoint::new(
            hub,
            self.lifetime.clone(),
            authenticator,
            token_key,
            options(&components.settings),
        );

        let Self { lifetime, gaps, notifier } = self;
        start_events(components, &lifetime, notifier, gaps, handed, supervisor).await;
        let (closing, window) = (endpoint.clone(), components.settings.drain.close_window);
        supervisor.spawn("hub", StopPhase::Work, |stop| async move {
            stop.cancelled().await;
            closing.begin_drain(window).await;
            let left = closing.wait_empty(SOCKETS_END).await;
            tracing::info!(left, "hub connections told to reconnect elsewhere");
            Ok(())
        });
        endpoint
    }
}

/// Without Redis the relay of this process tells the connections. With it, events come over the
/// stream, and from the outbox while they cannot (D4).
async fn start_events(
    components: &Components,
    lifetime: &HubLifetime,
    notifier: Arc<dyn OrderNotifier>,
    gaps: Gaps,
    handed: Option<HandedOver>,
    supervisor: &Supervisor,
) {
    let (stores, delivery) = (&components.stores, &components.delivery);
    let deliver = DeliverEvent::new(
        stores.orders.clone(),
        components.copy.clone(),
        stores.outbox.clone(),
        notifier,
    );
    let (fill, requests) = FillGaps::new(deliver.clone());
    supervisor.spawn("version-gaps", StopPhase::Background, |stop| async move {
        gaps.keep(move |missing| requests.ask(missing), stop).await;
        Ok(())
    });
    supervisor.spawn("fill-gaps", StopPhase::Background, |stop| async move {
        fill.run(stop).await;
        Ok(())
    });
    if let Some(handed) = handed {
        start_relay(components, handed, Arc::new(DirectSink(deliver.clone())), supervisor);
    }
    let Some(redis) = &components.redis else { return };
    let positions = OutboxPositions::begin(&*stores.outbox).await;
    let (keep, outbox) = (positions.clone(), stores.outbox.clone());
    supervisor.spawn("outbox-positions", StopPhase::Background, |stop| async move {
        keep.keep(outbox, stop).await;
        Ok(())
    });
    let trimmer =
        StreamTrimmer::new(redis.events.clone(), redis.dead_letters.clone(), delivery.clone());
    supervisor.spawn("stream-trimmer", StopPhase::Background, |stop| async move {
        trimmer.run(stop).await;
        Ok(())
    });
    let settings = &components.settings.events;
    let consumer = StreamConsumer::new(
        redis.events.clone(),
        deliver.clone(),
        consumer_name(&components.settings),
        Redelivery::new(settings.retry_after, settings.max_deliveries),
    );
    let follow = FollowEvents::new(
        consumer,
        stores.outbox.clone(),
        deliver,
        positions,
        Interruptions { backplane: lifetime.backplane_state(), resets: redis.resets.clone() },
        delivery.clone(),
    );
    supervisor.spawn("events", StopPhase::Background, |stop| async move {
        follow.run(stop).await;
        Ok(())
    });
}

fn backplane(
    components: &Components,
    supervisor: &Supervisor,
) -> Result<Arc<dyn Backplane>, StartError> {
    let hub = &components.settings.signalr;
    let (Some(settings), Some(redis)) = (&components.settings.connections.redis, &components.redis)
    else {
        return Ok(InProcessBus::new().join(&hub.hub_name));
    };
    let publisher = command_client(settings).map_err(redis_failed)?;
    let dialer = Dialer::new(settings).map_err(redis_failed)?;
    Ok(RedisBackplane::start(
        publisher,
        dialer,
        &hub.channel_prefix,
        &hub.hub_name,
        redis.resets.clone(),
        supervisor,
    ))
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
        origins: Origins {
            allowed: [&settings.cors_allowed_origins[..], &hub.allowed_origins].concat(),
            trusted_proxies: settings.http.trusted_proxies.clone(),
        },
        ..HubOptions::default()
    }
}
