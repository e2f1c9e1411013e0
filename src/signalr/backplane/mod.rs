//! What carries messages to the connections of other servers.
//!
//! The sender delivers to its own connections first and then publishes, so an outage never hides a
//! message from local clients; a backplane therefore does not hand back what was delivered
//! ([`Published::delivered_locally`]). Ordered messages go through the backplane to everybody, the
//! sender included: it decides their order. Contract suite: `tests/it/contract/backplane.rs`.

mod in_process;
mod sent_versions;

use std::sync::Weak;

use async_trait::async_trait;
use tokio::sync::watch;

pub use in_process::InProcessBus;

use super::connection::ConnectionId;
use super::serialized::SerializedMessage;
use super::turn::{OrderedMessages, OrderedSend, TurnPart};

/// Whom a message is for. Names are compared exactly; none is a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// Every connection.
    All,
    /// The connections of one user.
    User(String),
    /// The members of one group.
    Group(String),
    /// One connection.
    Connection(ConnectionId),
}

/// A message on its way between servers.
#[derive(Debug, Clone)]
pub struct Published {
    /// Connections that are not to get it.
    pub excluded: Vec<ConnectionId>,
    /// The message.
    pub message: SerializedMessage,
    /// The sender's own connections have it: it must not be handed back to the sender.
    pub delivered_locally: bool,
    /// Its place, when it is one of [`OrderedMessages`].
    pub turn: Option<TurnPart>,
}

/// Puts a connection of any server into a group, or takes it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    /// The connection.
    pub connection: ConnectionId,
    /// The group.
    pub group: String,
    /// What to do.
    pub action: GroupAction,
}

/// See [`GroupChange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupAction {
    /// Join.
    Add,
    /// Leave.
    Remove,
}

/// The backplane did not do it.
#[derive(Debug, thiserror::Error)]
pub enum BackplaneError {
    /// It cannot be reached. Connections of this server have the message, others may miss it.
    #[error("the backplane cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No server owns the connection, or its answer did not come in time.
    #[error("no server acknowledged the group change")]
    NotAcknowledged,
}

/// Whether other servers can be reached now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackplaneState {
    /// Yes. The number grows with each connection: when it changes, messages may have been missed
    /// in between.
    Connected(u64),
    /// Not now.
    Disconnected,
}

/// Reaches the connections of other servers.
#[async_trait]
pub trait Backplane: Send + Sync {
    /// Names who takes what other servers publish. Called once, before anything else.
    fn attach(&self, receiver: Weak<dyn BackplaneReceiver>);

    /// Hands a message to all other servers that subscribed to `target`. Ok means handed over, not
    /// received.
    async fn publish(&self, target: &Target, published: &Published) -> Result<(), BackplaneError>;

    /// Hands messages to all servers that subscribed to `target`, the sender included, unless their
    /// turn has passed or has not come. It decides for all servers at once, so that each receives
    /// the versions of a key in order. `regardless` sends what comes before its predecessor. A key
    /// that was not sent for an hour may be forgotten.
    async fn publish_ordered(
        &self,
        target: &Target,
        messages: &OrderedMessages,
        regardless: bool,
    ) -> Result<OrderedSend, BackplaneError>;

    /// Begins to receive for `target`, counted: as many [`Self::unsubscribe`] calls undo it.
    /// Returns when messages arrive from now on. After an error the wish stands and is fulfilled as
    /// soon as possible.
    async fn subscribe(&self, target: &Target) -> Result<(), BackplaneError>;

    /// Undoes one [`Self::subscribe`].
    fn unsubscribe(&self, target: &Target);

    /// Has the server that owns the connection apply the change. Returns when it did.
    async fn change_group(&self, change: &GroupChange) -> Result<(), BackplaneError>;

    /// Whether it works, and a way to wait for changes.
    fn state(&self) -> watch::Receiver<BackplaneState>;
}

/// Takes what other servers publish.
#[async_trait]
pub trait BackplaneReceiver: Send + Sync {
    /// Delivers to the local connections of `target`; never waits for a client.
    fn deliver(&self, target: &Target, published: &Published);

    /// Applies the change if the connection is local, its subscription included; false otherwise.
    async fn change_group(&self, change: &GroupChange) -> bool;

    /// Counts a message that came from the backplane, delivered or not.
    fn received(&self);

    /// Counts a payload nobody could read.
    fn bad_payload(&self);

    /// Counts a request of another server that is left undone because too many wait.
    fn overloaded(&self);
}
