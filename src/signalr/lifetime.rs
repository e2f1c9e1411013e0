use std::sync::{Arc, Weak};

use async_trait::async_trait;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::backplane::{
    Backplane, BackplaneError, BackplaneReceiver, BackplaneState, GroupAction, GroupChange,
    Published, Target,
};
use super::connection::{CloseCause, Connection, ConnectionId, Delivery, Hearing};
use super::counters::{HubCounters, HubStats};
use super::gaps::{GAP_TIMEOUT, GAPS, Gap, Gaps, MissingVersions};
use super::registry::Registry;
use super::serialized::SerializedMessage;
use super::turn::{OrderedMessages, OrderedSend, Turn, TurnPart};

/// Knows the connections of this server, fans messages out to them, and to other servers over the
/// backplane.
pub struct HubLifetime {
    registry: Registry,
    backplane: Arc<dyn Backplane>,
    gaps: mpsc::Sender<Gap>,
    counters: Arc<HubCounters>,
}

impl HubLifetime {
    /// A hub without connections, and what ends its waits for missing versions: run it, or nothing
    /// waits.
    pub fn new(backplane: Arc<dyn Backplane>) -> (Arc<Self>, Gaps) {
        let (gaps, waiting) = mpsc::channel(GAPS);
        let counters = Arc::<HubCounters>::default();
        let lifetime = Arc::new(Self {
            registry: Registry::default(),
            backplane,
            gaps,
            counters: counters.clone(),
        });
        let receiver: Weak<dyn BackplaneReceiver> =
            Arc::downgrade(&(lifetime.clone() as Arc<dyn BackplaneReceiver>));
        lifetime.backplane.attach(receiver);
        (lifetime, Gaps { waiting, counters })
    }

    /// What the hub has done so far.
    pub fn stats(&self) -> HubStats {
        self.counters.stats()
    }

    /// Whether other servers can be reached.
    pub fn backplane_state(&self) -> watch::Receiver<BackplaneState> {
        self.backplane.state()
    }

    pub(super) fn counters(&self) -> &HubCounters {
        &self.counters
    }

    /// Makes a connection reachable, from other servers too; false if its id is taken. With the
    /// backplane out it is reachable from this server at once and from the others when they can be
    /// reached again.
    pub(super) async fn connect(&self, connection: &Arc<Connection>) -> bool {
        if !self.registry.add(connection) {
            return false;
        }
        let (own, user) = targets(connection);
        let (own, user) =
            tokio::join!(self.backplane.subscribe(&own), self.backplane.subscribe(&user));
        if let Err(error) = own.and(user) {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "a connection is not reachable from other servers yet"
            );
        }
        true
    }

    /// Forgets a connection that [`Self::connect`] added.
    pub(super) fn disconnect(&self, connection: &Connection) {
        let groups = self.registry.remove(connection);
        let (own, user) = targets(connection);
        self.backplane.unsubscribe(&own);
        self.backplane.unsubscribe(&user);
        for group in groups {
            self.backplane.unsubscribe(&Target::Group(group));
        }
    }

    /// Sends to the local connections of `target`, then to the other servers. Local ones have it
    /// even if this fails.
    pub(super) async fn send(
        &self,
        target: &Target,
        excluded: &[ConnectionId],
        message: &SerializedMessage,
    ) -> Result<(), BackplaneError> {
        let delivered_locally = self.deliver_local(target, excluded, message);
        if let Target::Connection(id) = target
            && self.registry.contains(id)
        {
            return Ok(());
        }
        let published = Published {
            excluded: excluded.to_vec(),
            message: message.clone(),
            delivered_locally,
            turn: None,
        };
        let result = self.backplane.publish(target, &published).await;
        self.counters.published(result.is_ok());
        result
    }

    /// Queues a message for the local connections of `target`; false if there are none.
    fn deliver_local(
        &self,
        target: &Target,
        excluded: &[ConnectionId],
        message: &SerializedMessage,
    ) -> bool {
        let connections = self.registry.find(target, excluded);
        if connections.is_empty() {
            return false;
        }
        let queued = connections
            .iter()
            .filter(|connection| connection.send(message) == Delivery::Queued)
            .count();
        self.counters.delivered(queued as u64, (connections.len() - queued) as u64);
        true
    }

    /// Sends ordered messages to the connections of `target` on every server, this one included,
    /// all in the order that the backplane decides.
    pub(super) async fn send_ordered(
        &self,
        target: &Target,
        messages: &OrderedMessages,
        regardless: bool,
    ) -> Result<OrderedSend, BackplaneError> {
        let result = self.backplane.publish_ordered(target, messages, regardless).await;
        match &result {
            Ok(OrderedSend::Sent) => self.counters.published(true),
            Ok(OrderedSend::NotNewer | OrderedSend::Early { .. }) => {}
            Err(_) => self.counters.published(false),
        }
        result
    }

    /// Sends ordered messages to the connections of this server, or those that began before an
    /// instant.
    pub(super) fn send_ordered_here(
        &self,
        target: &Target,
        messages: &OrderedMessages,
        began_before: Option<Instant>,
    ) {
        let mut connections = self.registry.find(target, &[]);
        connections.retain(|connection| {
            began_before.is_none_or(|instant| connection.began_at() < instant)
        });
        for (part, message) in (0..).zip(&messages.messages) {
            let turn = TurnPart { turn: messages.turn.clone(), part };
            self.deliver_in_turn(&connections, message, &turn);
        }
    }

    fn deliver_in_turn(
        &self,
        connections: &[Arc<Connection>],
        message: &SerializedMessage,
        turn: &TurnPart,
    ) {
        let (mut queued, mut dropped, mut not_newer) = (0, 0, 0);
        for connection in connections {
            match connection.send_in_turn(message, turn) {
                Hearing::Heard(delivery, skipped) => {
                    self.counters.skipped(skipped);
                    match delivery {
                        Delivery::Queued => queued += 1,
                        Delivery::Dropped => dropped += 1,
                    }
                }
                Hearing::NotNewer => not_newer += 1,
                Hearing::Waits { begins_after: None } => queued += 1,
                Hearing::Waits { begins_after: Some(after) } => {
                    queued += 1;
                    self.wait_for_missing(connection, turn, after);
                }
            }
        }
        self.counters.delivered(queued, dropped);
        self.counters.not_newer(not_newer);
    }

    fn wait_for_missing(&self, connection: &Arc<Connection>, turn: &TurnPart, after: u32) {
        let TurnPart { turn: Turn { key, version }, .. } = turn;
        let missing = MissingVersions { key: key.clone(), after, before: *version };
        let due = Instant::now() + GAP_TIMEOUT;
        let gap = Gap { connection: Arc::downgrade(connection), missing, due };
        if self.gaps.try_send(gap).is_err() {
            self.counters.skipped(connection.give_up_waiting(key));
        }
    }

    /// Applies a group change here if the connection is local, else has its server do it.
    pub(super) async fn change_group(&self, change: &GroupChange) -> Result<(), BackplaneError> {
        if self.change_group_locally(change).await {
            Ok(())
        } else {
            self.backplane.change_group(change).await
        }
    }

    async fn change_group_locally(&self, change: &GroupChange) -> bool {
        let group = Target::Group(change.group.clone());
        match change.action {
            GroupAction::Add => {
                if !self.registry.contains(&change.connection) {
                    return false;
                }
                // Before it joins: a connection that ends meanwhile undoes the subscriptions of the
                // groups it is in, and finds none of this one.
                if let Err(error) = self.backplane.subscribe(&group).await {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "a group is not reachable from other servers yet"
                    );
                }
                let joined = self.registry.join(&change.connection, &change.group);
                if joined != Some(true) {
                    self.backplane.unsubscribe(&group);
                }
                return joined.is_some();
            }
            GroupAction::Remove => match self.registry.leave(&change.connection, &change.group) {
                None => return false,
                Some(false) => {}
                Some(true) => self.backplane.unsubscribe(&group),
            },
        }
        true
    }

    /// Ends the local connections of `target` for `cause`; returns how many.
    pub fn end_local(&self, target: &Target, cause: &CloseCause) -> usize {
        let connections = self.registry.find(target, &[]);
        connections.iter().for_each(|connection| connection.end(cause.clone()));
        connections.len()
    }
}

fn targets(connection: &Connection) -> (Target, Target) {
    (Target::Connection(connection.id().clone()), Target::User(connection.user_id().to_owned()))
}

#[async_trait]
impl BackplaneReceiver for HubLifetime {
    fn deliver(&self, target: &Target, published: &Published) {
        let Published { excluded, message, turn, .. } = published;
        match turn {
            Some(turn) => {
                self.deliver_in_turn(&self.registry.find(target, excluded), message, turn);
            }
            None => {
                self.deliver_local(target, excluded, message);
            }
        }
    }

    async fn change_group(&self, change: &GroupChange) -> bool {
        self.change_group_locally(change).await
    }

    fn received(&self) {
        self.counters.received();
    }

    fn bad_payload(&self) {
        self.counters.bad_payload();
    }

    fn overloaded(&self) {
        self.counters.overloaded();
    }
}

#[cfg(test)]
#[path = "lifetime_tests.rs"]
mod tests;
