use std::collections::BTreeMap;

use bytes::Bytes;

/// Text pairs a message may carry, such as a trace context.
pub type Headers = BTreeMap<String, String>;

/// A value still in the bytes of its protocol; [`super::HubProtocol::bind`] gives it a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded(pub(super) Bytes);

impl Encoded {
    /// The value as it is on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// One message of the hub protocol (A2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HubMessage {
    /// Type 1: call a method.
    Invocation(Invocation),
    /// Type 2: one item of a stream.
    StreamItem {
        /// See [`Headers`].
        headers: Headers,
        /// The stream.
        invocation_id: String,
        /// The item.
        item: Encoded,
    },
    /// Type 3: the end of an invocation or a stream.
    Completion(Completion),
    /// Type 4: call a method that streams; always has an id.
    StreamInvocation(Invocation),
    /// Type 5: stop an invocation.
    CancelInvocation {
        /// See [`Headers`].
        headers: Headers,
        /// What to stop.
        invocation_id: String,
    },
    /// Type 6: keep-alive.
    Ping,
    /// Type 7: the sender is about to close.
    Close {
        /// Why, if it is a failure.
        error: Option<String>,
        /// Whether the client may connect again by itself.
        allow_reconnect: bool,
    },
    /// Type 8: the highest message received (stateful reconnect).
    Ack {
        /// Its number.
        sequence_id: i64,
    },
    /// Type 9: the number of the next message (stateful reconnect).
    Sequence {
        /// Its number.
        sequence_id: i64,
    },
}

/// A method call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invocation {
    /// See [`Headers`].
    pub headers: Headers,
    /// Chosen by the caller; absent when no answer is wanted.
    pub invocation_id: Option<String>,
    /// The method's name.
    pub target: String,
    /// In order.
    pub arguments: Vec<Encoded>,
    /// Ids of the streams the caller is going to upload.
    pub stream_ids: Vec<String>,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// See [`Headers`].
    pub headers: Headers,
    /// Which one.
    pub invocation_id: String,
    /// Its end.
    pub outcome: Outcome,
}

/// The end of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It failed with this text.
    Error(String),
    /// It ended without a result: a finished stream.
    Void,
    /// It returned this.
    Result(Encoded),
}

impl HubMessage {
    /// The number that tells the types apart on the wire.
    pub fn type_number(&self) -> u8 {
        match self {
            Self::Invocation(_) => 1,
            Self::StreamItem { .. } => 2,
            Self::Completion(_) => 3,
            Self::StreamInvocation(_) => 4,
            Self::CancelInvocation { .. } => 5,
            Self::Ping => 6,
            Self::Close { .. } => 7,
            Self::Ack { .. } => 8,
            Self::Sequence { .. } => 9,
        }
    }
}
