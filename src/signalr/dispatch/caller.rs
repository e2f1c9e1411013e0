use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::signalr::HubContext;
use crate::signalr::connection::{CloseCause, Connection, ConnectionId};

/// The connection a hub method or hook runs for.
#[derive(Clone)]
pub struct Caller {
    connection: Arc<Connection>,
    clients: HubContext,
}

impl Caller {
    pub(in crate::signalr) fn new(connection: Arc<Connection>, clients: HubContext) -> Self {
        Self { connection, clients }
    }

    /// Its public id.
    pub fn connection_id(&self) -> &ConnectionId {
        self.connection.id()
    }

    /// Whose it is, as the authenticator said.
    pub fn user_id(&self) -> &str {
        self.connection.user_id()
    }

    /// Sends to this and other clients, and changes groups.
    pub fn clients(&self) -> &HubContext {
        &self.clients
    }

    /// Ends the connection for good: the client will not reconnect by itself.
    pub fn abort(&self) {
        self.connection.end(CloseCause::Aborted);
    }

    /// Cancelled when the connection is over.
    pub fn aborted(&self) -> &CancellationToken {
        self.connection.aborted()
    }
}
