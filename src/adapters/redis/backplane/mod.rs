//! The SignalR backplane over Redis pub/sub, in the layout of
//! Microsoft.AspNetCore.SignalR.StackExchangeRedis, so that our pods and .NET pods share a hub
//! (D7).
//!
//! One thing is ours, within that layout: when the sender's own connections have a message already,
//! the sender's server name stands among the excluded connection ids. No connection is called so;
//! it only tells the sender itself to ignore the copy that Redis sends back.

mod acks;
mod channels;
mod payload;
mod state;
mod turn_marker;

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fred::clients::Client;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::Value;
use fred::types::config::Options;
use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::lifecycle::{StopPhase, Supervisor};
use crate::signalr::backplane::{
    Backplane, BackplaneError, BackplaneReceiver, BackplaneState, GroupChange, Published, Target,
};
use crate::signalr::protocol::HubProtocol;
use crate::signalr::{ConnectionId, OrderedMessages, OrderedSend, SerializedMessage, TurnPart};

use crate::adapters::redis::keys;
use crate::adapters::redis::script::SlotScript;
use crate::adapters::redis::subscriber::{Audience, Dialer, Echo, Subscriber};
use acks::Acks;
use channels::{Channels, Incoming};
use payload::GroupCommand;
use state::ConnectionState;

/// How long a new connection or member waits for its channel before it goes on without.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the owner of a remote connection may take to change its groups.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a message to oneself may take.
const ECHO_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the last version sent of a key is remembered; longer than an order takes.
const SENT_VERSIONS_LIVE: Duration = Duration::from_secs(3_600);
/// Group changes of other servers that may wait to be applied here.
const GROUP_COMMANDS: usize = 1024;

/// A [`Backplane`] over Redis pub/sub. Its tasks belong to the supervisor it was started with.
pub struct RedisBackplane {
    publisher: Client,
    publish_in_turn: SlotScript,
    channels: Channels,
    subscriber: Subscriber,
    state: ConnectionState,
    acks: Acks,
    group_commands: mpsc::Sender<GroupCommand>,
    receiver: OnceLock<Weak<dyn BackplaneReceiver>>,
}

impl RedisBackplane {
    /// Joins the servers of `hub_name` behind `channel_prefix`. Both connections are made in the
    /// background; while they cannot be, publishing fails at once. `losses` counts how often Redis
    /// was found to have lost data.
    pub fn start(
        publisher: Client,
        dialer: Dialer,
        channel_prefix: &str,
        hub_name: &str,
        losses: watch::Receiver<u64>,
        supervisor: &Supervisor,
    ) -> Arc<Self> {
        let server = format!("contoso_{}", Uuid::new_v4().simple());
        let channels = Channels::new(channel_prefix, hub_name, server);
        let (group_commands, waiting) = mpsc::channel(GROUP_COMMANDS);
        let backplane = Arc::new(Self::new(publisher, channels, group_commands));
        let listener = backplane.clone();
        supervisor.spawn_until("backplane-messages", StopPhase::Last, async move {
            match listener.subscriber.run(dialer, &*listener).await {}
        });
        let watcher = backplane.clone().watch_publisher();
        supervisor.spawn_until("backplane-publisher", StopPhase::Last, watcher);
        let groups = backplane.clone().apply_group_commands(waiting);
        supervisor.spawn_until("backplane-groups", StopPhase::Last, groups);
        let memory = backplane.clone().begin_memory(losses);
        supervisor.spawn_until("backplane-memory", StopPhase::Last, memory);
        backplane
    }

    fn new(
        publisher: Client,
        channels: Channels,
        group_commands: mpsc::Sender<GroupCommand>,
    ) -> Self {
        Self {
            publisher,
            publish_in_turn: SlotScript::new(include_str!("../lua/publish_in_turn.lua")),
            subscriber: Subscriber::new(channels.permanent()),
            state: ConnectionState::default(),
            channels,
            acks: Acks::default(),
            group_commands,
            receiver: OnceLock::new(),
        }
    }

    /// Has the connection looked at as soon as the publisher gains or loses its own.
    async fn watch_publisher(self: Arc<Self>) {
        let (mut reconnects, mut errors) =
            (self.publisher.reconnect_rx(), self.publisher.error_rx());
        loop {
            tokio::select! {
                _ = reconnects.recv() => {}
                _ = errors.recv() => {}
            }
            self.subscriber.look();
        }
    }

    /// Notes since when versions are remembered, whenever Redis is connected or `losses` tells of
    /// lost data.
    async fn begin_memory(self: Arc<Self>, mut losses: watch::Receiver<u64>) {
        let script = SlotScript::new(include_str!("../lua/begin_memory.lua"));
        let mut state = self.state.subscribe();
        loop {
            if matches!(*state.borrow_and_update(), BackplaneState::Connected(_)) {
                let parts = (0..keys::SENT_PARTS).map(|part| {
                    script.call::<()>(&self.publisher, keys::sent_since(part), Vec::new())
                });
                if let Some(Err(error)) = join_all(parts).await.into_iter().find(Result::is_err) {
                    tracing::debug!(%error, "the memory of sent versions cannot be begun");
                }
            }
            tokio::select! {
                Ok(()) = state.changed() => {}
                Ok(()) = losses.changed() => {}
                else => return,
            }
        }
    }

    /// `None` when the payload makes no sense.
    fn deliver(
        &self,
        receiver: &dyn BackplaneReceiver,
        target: &Target,
        payload: &Bytes,
    ) -> Option<()> {
        let invocation = payload::decode_invocation(payload).ok()?;
        if invocation.excluded.iter().any(|id| id == self.channels.server()) {
            return Some(());
        }
        if invocation.wants_result {
            return None;
        }
        let frame = |protocol: HubProtocol| {
            let found = invocation.frames.iter().find(|(name, _)| name == protocol.name());
            found.map(|(_, frame)| frame.clone())
        };
        let message = SerializedMessage::from_frames(
            frame(HubProtocol::Json),
            frame(HubProtocol::MessagePack),
        )?;
        let turn = invocation.excluded.iter().find_map(|id| turn_marker::decode(id));
        let excluded = invocation.excluded.iter().map(|id| ConnectionId::new(id)).collect();
        receiver.deliver(target, &Published { excluded, message, delivered_locally: false, turn });
        Some(())
    }

    /// Applies what other servers ask for, in order, and acknowledges it.
    async fn apply_group_commands(self: Arc<Self>, mut commands: mpsc::Receiver<GroupCommand>) {
        while let Some(command) = commands.recv().await {
            let Some(receiver) = self.receiver.get().and_then(Weak::upgrade) else { continue };
            let change = GroupChange {
                connection: ConnectionId::new(&command.connection),
                group: command.group,
                action: command.action,
            };
            if receiver.change_group(&change).await {
                let channel = self.channels.acks_of(&command.server);
                // Without the acknowledgement the other server gives up by itself.
                let _ = self.publish_raw(channel, payload::encode_ack(command.id)).await;
            }
        }
    }

    async fn publish_raw(&self, channel: String, payload: Vec<u8>) -> Result<(), BackplaneError> {
        let publisher = self.publisher.with_options(&fail_fast());
        let published = publisher.publish::<(), _, _>(channel, Value::Bytes(payload.into())).await;
        published.map_err(|error| BackplaneError::Unavailable(error.into()))
    }
}

#[async_trait]
impl Audience for RedisBackplane {
    /// Never waits, so that no client delays another.
    fn message(&self, channel: &str, payload: Bytes) {
        let Some(receiver) = self.receiver.get().and_then(Weak::upgrade) else { return };
        let Some(incoming) = self.channels.parse(channel) else { return };
        let understood = match incoming {
            Incoming::Invocation(target) => {
                receiver.received();
                self.deliver(&*receiver, &target, &payload)
            }
            Incoming::GroupCommand => payload::decode_group_command(&payload).ok().map(|command| {
                // Unacknowledged, so the other server tells its caller.
                if self.group_commands.try_send(command).is_err() {
                    receiver.overloaded();
                }
            }),
            Incoming::Ack => payload::decode_ack(&payload).ok().map(|id| self.acks.acknowledge(id)),
        };
        if understood.is_none() {
            receiver.bad_payload();
        }
    }

    fn connected(&self) {
        self.state.set_connected(true);
    }

    fn disconnected(&self) {
        self.state.set_connected(false);
    }

    /// Sends an acknowledgement that nobody waits for to the channel of this very server.
    async fn echo(&self) -> Echo {
        let mut ack = self.acks.expect();
        let channel = self.channels.acks_of(self.channels.server());
        if self.publish_raw(channel, payload::encode_ack(ack.id)).await.is_err() {
            return Echo::NotSent;
        }
        match tokio::time::timeout(ECHO_TIMEOUT, &mut ack.acknowledged).await {
            Ok(Ok(())) => Echo::Heard,
            _ => Echo::Missed,
        }
    }
}

#[async_trait]
impl Backplane for RedisBackplane {
    fn attach(&self, receiver: Weak<dyn BackplaneReceiver>) {
        // Called once; a second receiver would be a wiring mistake and is ignored.
        let _ = self.receiver.set(receiver);
    }

    async fn publish(&self, target: &Target, published: &Published) -> Result<(), BackplaneError> {
        let marker = published.delivered_locally.then(|| self.channels.server());
        let excluded: Vec<&str> =
            published.excluded.iter().map(ConnectionId::as_str).chain(marker).collect();
        let payload = invocation(&published.message, excluded);
        self.publish_raw(self.channels.target(target), payload).await
    }

    async fn publish_ordered(
        &self,
        target: &Target,
        messages: &OrderedMessages,
        regardless: bool,
    ) -> Result<OrderedSend, BackplaneError> {
        let OrderedMessages { turn, messages, held_for } = messages;
        let slot = vec![
            keys::sent_version(self.channels.hub(), &turn.key),
            keys::sent_since(keys::sent_part(&turn.key)),
        ];
        let mut args: Vec<Value> = vec![
            i64::from(turn.version).into(),
            i64::from(regardless).into(),
            (SENT_VERSIONS_LIVE.as_millis() as i64).into(),
            self.channels.target(target).into(),
            i64::try_from(held_for.as_millis()).unwrap_or(i64::MAX).into(),
        ];
        for (part, message) in (0..).zip(messages) {
            let marker = turn_marker::encode(&TurnPart { turn: turn.clone(), part });
            args.push(Value::Bytes(invocation(message, vec![&marker]).into()));
        }
        let publisher = self.publisher.with_options(&fail_fast());
        let answer: Result<(i64, u64), _> = self.publish_in_turn.call(&publisher, slot, args).await;
        match answer.map_err(|error| BackplaneError::Unavailable(error.into()))? {
            (0, _) => Ok(OrderedSend::Sent),
            (-1, _) => Ok(OrderedSend::NotNewer),
            (next, remembered_ms) => Ok(OrderedSend::Early {
                last: u32::try_from(next - 1).unwrap_or(0),
                remembered: Duration::from_millis(remembered_ms),
            }),
        }
    }

    async fn subscribe(&self, target: &Target) -> Result<(), BackplaneError> {
        if self.subscriber.add(self.channels.target(target), SUBSCRIBE_TIMEOUT).await {
            return Ok(());
        }
        Err(BackplaneError::Unavailable("Redis has not confirmed the subscription".into()))
    }

    fn unsubscribe(&self, target: &Target) {
        self.subscriber.remove(&self.channels.target(target));
    }

    async fn change_group(&self, change: &GroupChange) -> Result<(), BackplaneError> {
        let mut ack = self.acks.expect();
        let command = GroupCommand {
            id: ack.id,
            server: self.channels.server().to_owned(),
            action: change.action,
            group: change.group.clone(),
            connection: change.connection.to_string(),
        };
        self.publish_raw(self.channels.group_commands(), payload::encode_group_command(&command))
            .await?;
        match tokio::time::timeout(ACK_TIMEOUT, &mut ack.acknowledged).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(BackplaneError::NotAcknowledged),
        }
    }

    fn state(&self) -> watch::Receiver<BackplaneState> {
        self.state.subscribe()
    }
}

/// Better an error now than a message that waits for Redis and comes out of order.
fn fail_fast() -> Options {
    Options { fail_fast: true, max_attempts: Some(1), ..Options::default() }
}

/// The payload that carries a message, with these connection ids left out.
fn invocation(message: &SerializedMessage, excluded: Vec<&str>) -> Vec<u8> {
    let frames: Vec<(&str, &[u8])> = HubProtocol::ALL
        .into_iter()
        .filter_map(|protocol| Some((protocol.name(), message.frame(protocol)?.as_bytes())))
        .collect();
    payload::encode_invocation(excluded.into_iter(), &frames)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use fred::prelude::Builder;

    use super::*;
    use crate::signalr::backplane::GroupAction;

    /// Counts what it is told.
    #[derive(Default)]
    struct Counting {
        bad: AtomicUsize,
        overloads: AtomicUsize,
    }

    #[async_trait]
    impl BackplaneReceiver for Counting {
        fn deliver(&self, _: &Target, _: &Published) {}

        async fn change_group(&self, _: &GroupChange) -> bool {
            false
        }

        fn received(&self) {}

        fn bad_payload(&self) {
            self.bad.fetch_add(1, Relaxed);
        }

        fn overloaded(&self) {
            self.overloads.fetch_add(1, Relaxed);
        }
    }

    #[tokio::test]
    async fn a_full_queue_of_group_changes_is_an_overload_and_no_bad_payload() {
        let channels = Channels::new("p", "Hub", "us".to_owned());
        let (commands, _waiting) = mpsc::channel(1);
        let publisher = Builder::default_centralized().build().expect("a client");
        let backplane = RedisBackplane::new(publisher, channels, commands);
        let receiver = Arc::<Counting>::default();
        let attached: Arc<dyn BackplaneReceiver> = receiver.clone();
        backplane.attach(Arc::downgrade(&attached));
        let command = payload::encode_group_command(&GroupCommand {
            id: 1,
            server: "other".to_owned(),
            action: GroupAction::Add,
            group: "g".to_owned(),
            connection: "c".to_owned(),
        });
        for payload in [command.clone(), command, b"garbage".to_vec()] {
            backplane.message(&backplane.channels.group_commands(), payload.into());
        }
        assert_eq!((receiver.overloads.load(Relaxed), receiver.bad.load(Relaxed)), (1, 1));
    }
}
