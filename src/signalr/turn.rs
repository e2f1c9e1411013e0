use std::time::Duration;

use super::serialized::SerializedMessage;

/// The place of a message among those of one key: a higher version is newer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// What the versions count, such as an order's correlation id.
    pub key: String,
    /// Which one, from 1 without holes.
    pub version: u32,
}

/// Messages that make up one version together, in their order.
#[derive(Debug, Clone)]
pub struct OrderedMessages {
    /// Their turn.
    pub turn: Turn,
    /// At most 256 of them.
    pub messages: Vec<SerializedMessage>,
    /// How long the sender has had them. When the versions sent were forgotten meanwhile, another
    /// server may have sent these: they count as sent.
    pub held_for: Duration,
}

/// One of [`OrderedMessages`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnPart {
    /// The turn of all of them.
    pub turn: Turn,
    /// Which of them, from 0.
    pub part: u8,
}

/// What became of [`OrderedMessages`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderedSend {
    /// They were sent to every server.
    Sent,
    /// This version or a newer one was sent before. Nothing was sent.
    NotNewer,
    /// The version before it was not sent yet. Nothing was sent.
    Early {
        /// The last version sent; 0 when none is known.
        last: u32,
        /// For how long versions have been remembered without a loss.
        remembered: Duration,
    },
}
