use crate::signalr::protocol::{HubMessage, ProtocolError};

/// Why a connection ends (C3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseCause {
    /// The client sent Close, perhaps with an error, or closed its socket in order.
    ClientClosed(Option<String>),
    /// The socket broke, or the client left without a word.
    TransportLost,
    /// The handshake was refused or did not come.
    HandshakeRefused,
    /// The hub aborted the connection.
    Aborted,
    /// The hub's connected hook failed; the text is what the client may see of it.
    ConnectedFailed(Option<String>),
    /// The client sent what is no hub message, or too much of it.
    ProtocolFault(ProtocolError),
    /// The client stayed silent.
    ClientTimeout,
    /// The client does not read what it is sent.
    SlowConsumer,
    /// The token the client came with has expired.
    TokenExpired,
    /// This pod is going away.
    Draining,
}

impl CloseCause {
    /// The Close message that tells the client, or none if there is nothing to tell.
    pub fn message(&self, detailed_errors: bool) -> Option<HubMessage> {
        let failed = |detail: Option<String>| {
            let base = "Connection closed with an error.";
            Some(detail.map_or_else(|| base.to_owned(), |detail| format!("{base} {detail}")))
        };
        let (error, allow_reconnect) = match self {
            Self::HandshakeRefused | Self::TransportLost => return None,
            Self::ClientClosed(_) | Self::Aborted => (None, false),
            Self::ConnectedFailed(detail) => (failed(detail.clone()), false),
            Self::ProtocolFault(fault) => {
                (failed(detailed_errors.then(|| format!("InvalidDataException: {fault}"))), true)
            }
            Self::ClientTimeout => (
                failed(detailed_errors.then(|| format!("OperationCanceledException: {TIMEOUT}"))),
                true,
            ),
            Self::SlowConsumer | Self::TokenExpired | Self::Draining => (None, true),
        };
        Some(HubMessage::Close { error, allow_reconnect })
    }

    /// Whether what is still queued is thrown away: the client would not read it anyway.
    pub fn discards_queue(&self) -> bool {
        matches!(self, Self::SlowConsumer | Self::TransportLost)
    }

    /// The text the hub's disconnected hook gets; `None` for an orderly end.
    pub fn error(&self) -> Option<String> {
        match self {
            Self::ClientClosed(error) => error.clone(),
            Self::Aborted | Self::Draining | Self::TokenExpired | Self::HandshakeRefused => None,
            Self::TransportLost => Some("The connection was lost.".to_owned()),
            Self::ConnectedFailed(detail) => {
                Some(detail.clone().unwrap_or_else(|| "The connected hook failed.".to_owned()))
            }
            Self::ProtocolFault(fault) => Some(fault.to_string()),
            Self::ClientTimeout => Some(TIMEOUT.to_owned()),
            Self::SlowConsumer => Some("The client does not read what it is sent.".to_owned()),
        }
    }

    /// The name in metrics and logs.
    pub fn label(&self) -> &'static str {
        match self {
            Self::ClientClosed(_) => "client_closed",
            Self::TransportLost => "transport_lost",
            Self::HandshakeRefused => "handshake_refused",
            Self::Aborted => "aborted",
            Self::ConnectedFailed(_) => "connected_failed",
            Self::ProtocolFault(_) => "protocol_fault",
            Self::ClientTimeout => "client_timeout",
            Self::SlowConsumer => "slow_consumer",
            Self::TokenExpired => "token_expired",
            Self::Draining => "draining",
        }
    }
}

const TIMEOUT: &str =
    "Client hasn't sent a message/ping within the configured ClientTimeoutInterval.";
