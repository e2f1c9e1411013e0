use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::watch;

use super::backplane::{
    Backplane, BackplaneError, BackplaneReceiver, BackplaneState, GroupAction, GroupChange,
    Published, Target,
};
use super::connection::{CloseCause, Connection, ConnectionId, Delivery};
use super::context::HubContext;
use super::counters::{HubCounters, HubStats};
use super::registry::Registry;
use super::repeats::RepeatFilter;
use super::serialized::SerializedMessage;

/// Knows the connections of this server, fans messages out to them, and to other servers over the
/// backplane.
pub struct HubLifetime {
    registry: Registry,
    backplane: Arc<dyn Backplane>,
    repeats: Option<RepeatFilter>,
    counters: Arc<HubCounters>,
}

impl HubLifetime {
    /// A hub without connections. With `repeat_window`, a message identical to one its target got
    /// within the window is left out.
    pub fn new(backplane: Arc<dyn Backplane>, repeat_window: Option<Duration>) -> Arc<Self> {
        let lifetime = Arc::new(Self {
            registry: Registry::default(),
            backplane,
            repeats: repeat_window.map(RepeatFilter::new),
            counters: Arc::default(),
        });
        let receiver: Weak<dyn BackplaneReceiver> =
            Arc::downgrade(&(lifetime.clone() as Arc<dyn BackplaneReceiver>));
        lifetime.backplane.attach(receiver);
        lifetime
    }

    /// A handle to send from anywhere.
    pub fn context(self: &Arc<Self>) -> HubContext {
        HubContext::new(self.clone())
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
        let published =
            Published { excluded: excluded.to_vec(), message: message.clone(), delivered_locally };
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
        if let Some(repeats) = &self.repeats
            && !repeats.is_new(target, message, Instant::now())
        {
            self.counters.repeated();
            return true;
        }
        let queued = connections
            .iter()
            .filter(|connection| connection.send(message) == Delivery::Queued)
            .count();
        self.counters.delivered(queued as u64, (connections.len() - queued) as u64);
        true
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
            GroupAction::Add => match self.registry.join(&change.connection, &change.group) {
                None => return false,
                Some(false) => {}
                Some(true) => {
                    if let Err(error) = self.backplane.subscribe(&group).await {
                        tracing::debug!(
                            error = &error as &dyn std::error::Error,
                            "a group is not reachable from other servers yet"
                        );
                    }
                }
            },
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
        self.deliver_local(target, &published.excluded, &published.message);
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
}
