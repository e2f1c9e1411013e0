use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::Instant;

use super::backplane::{BackplaneError, GroupAction, GroupChange, Target};
use super::connection::ConnectionId;
use super::lifetime::HubLifetime;
use super::protocol::EncodeError;
use super::serialized::SerializedMessage;
use super::turn::{OrderedMessages, OrderedSend, Turn};

/// Sends to clients and changes groups, inside hub methods and out (table D). Cheap to clone.
#[derive(Clone)]
pub struct HubContext {
    lifetime: Arc<HubLifetime>,
}

/// A message could not be sent everywhere.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The arguments cannot be written. Nobody got anything.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Other servers could not be reached. Connections of this server have it.
    #[error(transparent)]
    Backplane(#[from] BackplaneError),
}

impl HubContext {
    /// Sends through this hub.
    pub fn new(lifetime: Arc<HubLifetime>) -> Self {
        Self { lifetime }
    }

    /// Every connection on every server.
    pub fn all(&self) -> Recipients {
        self.recipients(vec![Target::All])
    }

    /// Every connection but these.
    pub fn all_except(&self, excluded: impl IntoIterator<Item = ConnectionId>) -> Recipients {
        Recipients { excluded: excluded.into_iter().collect(), ..self.all() }
    }

    /// One connection; an unknown id is silently nobody.
    pub fn client(&self, id: &ConnectionId) -> Recipients {
        self.recipients(vec![Target::Connection(id.clone())])
    }

    /// Several connections.
    pub fn clients(&self, ids: impl IntoIterator<Item = ConnectionId>) -> Recipients {
        self.recipients(ids.into_iter().map(Target::Connection).collect())
    }

    /// The members of a group.
    pub fn group(&self, name: &str) -> Recipients {
        self.recipients(vec![Target::Group(name.to_owned())])
    }

    /// The members of several groups: who is in two of them gets two copies. Empty names are
    /// skipped.
    pub fn groups<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Recipients {
        self.recipients(
            names
                .into_iter()
                .filter(|name| !name.is_empty())
                .map(|name| Target::Group(name.to_owned()))
                .collect(),
        )
    }

    /// The members of a group but these.
    pub fn group_except(
        &self,
        name: &str,
        excluded: impl IntoIterator<Item = ConnectionId>,
    ) -> Recipients {
        Recipients { excluded: excluded.into_iter().collect(), ..self.group(name) }
    }

    /// All connections of a user.
    pub fn user(&self, id: &str) -> Recipients {
        self.recipients(vec![Target::User(id.to_owned())])
    }

    /// All connections of a user, which hear the versions of `key` in order and once (D5a).
    pub fn user_in_order(
        &self,
        id: &str,
        key: impl Into<String>,
        version: u32,
    ) -> OrderedRecipients {
        OrderedRecipients {
            lifetime: self.lifetime.clone(),
            target: Target::User(id.to_owned()),
            turn: Turn { key: key.into(), version },
            held_for: Duration::ZERO,
        }
    }

    /// All connections of several users. Empty ids are skipped.
    pub fn users<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Recipients {
        self.recipients(
            ids.into_iter()
                .filter(|id| !id.is_empty())
                .map(|id| Target::User(id.to_owned()))
                .collect(),
        )
    }

    /// Puts a connection of any server into a group. Doing it twice is doing it once.
    pub async fn add_to_group(
        &self,
        connection: &ConnectionId,
        group: &str,
    ) -> Result<(), BackplaneError> {
        self.change_group(connection, group, GroupAction::Add).await
    }

    /// Takes a connection of any server out of a group.
    pub async fn remove_from_group(
        &self,
        connection: &ConnectionId,
        group: &str,
    ) -> Result<(), BackplaneError> {
        self.change_group(connection, group, GroupAction::Remove).await
    }

    async fn change_group(
        &self,
        connection: &ConnectionId,
        group: &str,
        action: GroupAction,
    ) -> Result<(), BackplaneError> {
        let change =
            GroupChange { connection: connection.clone(), group: group.to_owned(), action };
        self.lifetime.change_group(&change).await
    }

    fn recipients(&self, targets: Vec<Target>) -> Recipients {
        Recipients { lifetime: self.lifetime.clone(), targets, excluded: Vec::new() }
    }
}

/// Whom the next [`Self::send`] reaches.
#[must_use = "nothing is sent until `send` is awaited"]
pub struct Recipients {
    lifetime: Arc<HubLifetime>,
    targets: Vec<Target>,
    excluded: Vec<ConnectionId>,
}

/// Whom the next send reaches, in the order of the versions of one key.
#[must_use = "nothing is sent until a send is awaited"]
pub struct OrderedRecipients {
    lifetime: Arc<HubLifetime>,
    target: Target,
    turn: Turn,
    held_for: Duration,
}

impl OrderedRecipients {
    /// Says how long the sender has had the messages, see [`OrderedMessages::held_for`].
    pub fn held_for(self, held_for: Duration) -> Self {
        Self { held_for, ..self }
    }

    /// Sends these messages, which make up the version together. They reach the recipients on every
    /// server in the order of the versions: what is not newer than the last sent is dropped, what
    /// comes before its predecessor is left to be sent again.
    pub async fn send(&self, messages: Vec<SerializedMessage>) -> Result<OrderedSend, SendError> {
        Ok(self.lifetime.send_ordered(&self.target, &self.ordered(messages), false).await?)
    }

    /// As [`Self::send`], without its predecessor, which will be dropped if it still comes.
    pub async fn send_without_predecessor(
        &self,
        messages: Vec<SerializedMessage>,
    ) -> Result<OrderedSend, SendError> {
        Ok(self.lifetime.send_ordered(&self.target, &self.ordered(messages), true).await?)
    }

    /// Sends to the recipients on this server only, and of those to the ones that began before the
    /// given instant, or all. Each hears the version once, in its turn.
    pub fn send_here(&self, messages: Vec<SerializedMessage>, began_before: Option<Instant>) {
        self.lifetime.send_ordered_here(&self.target, &self.ordered(messages), began_before);
    }

    fn ordered(&self, messages: Vec<SerializedMessage>) -> OrderedMessages {
        OrderedMessages { turn: self.turn.clone(), messages, held_for: self.held_for }
    }
}

impl Recipients {
    /// Calls `target` at the recipients with `arguments`: a tuple, an array or a slice, e.g.
    /// `&(payload,)`. Ok means queued for local connections and handed to the backplane, not
    /// received.
    pub async fn send<A: Serialize + ?Sized>(
        &self,
        target: &str,
        arguments: &A,
    ) -> Result<(), SendError> {
        Ok(self.send_serialized(&SerializedMessage::invocation(target, arguments)?).await?)
    }

    /// As [`Self::send`], with a message written before.
    pub async fn send_serialized(&self, message: &SerializedMessage) -> Result<(), BackplaneError> {
        let sends =
            self.targets.iter().map(|target| self.lifetime.send(target, &self.excluded, message));
        join_all(sends).await.into_iter().collect()
    }
}
