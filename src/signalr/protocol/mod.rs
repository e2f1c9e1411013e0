//! The hub protocol: handshake, framing and messages in JSON and MessagePack. No IO, no clock.
//!
//! Specification: ASP.NET Core's `HubProtocol.md`. Arguments stay encoded until the target is known
//! ([`Encoded`]), so that a client may write the fields of a message in any order.

mod error;
mod frame;
mod framing;
mod handshake;
mod json;
mod message;
mod messagepack;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::{BindError, EncodeError, ProtocolError};
pub use frame::Frame;
pub use framing::FrameReader;
pub(super) use framing::is_one_prefixed;
pub use handshake::{HandshakeError, HandshakeRequest};
pub use message::{Completion, Encoded, Headers, HubMessage, Invocation, Outcome};

/// Ends every JSON record and the handshake on every transport (HubProtocol.md, "Text encoding").
pub const RECORD_SEPARATOR: u8 = 0x1E;

/// The highest protocol version a handshake may ask for.
pub const MAXIMUM_VERSION: i64 = 2;

/// How hub messages are written on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HubProtocol {
    /// `json`: text records ended by 0x1E.
    Json,
    /// `messagepack`: binary arrays behind a length.
    MessagePack,
}

impl HubProtocol {
    /// Every protocol, in the order the backplane writes them.
    pub const ALL: [Self; 2] = [Self::Json, Self::MessagePack];

    /// The name in handshakes and backplane payloads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MessagePack => "messagepack",
        }
    }

    /// Finds a protocol by name, ignoring case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name().eq_ignore_ascii_case(name))
    }

    /// Takes the next whole message out of `input`, skipping types we do not know. `None`: more
    /// bytes are needed. A message longer than `limit` bytes, separator or length prefix included,
    /// is an error.
    pub fn read(
        self,
        input: &mut FrameReader,
        limit: usize,
    ) -> Result<Option<HubMessage>, ProtocolError> {
        loop {
            let decoded = match self {
                Self::Json => match input.next_record(limit)? {
                    Some(record) => json::decode(&record)?,
                    None => return Ok(None),
                },
                Self::MessagePack => match input.next_prefixed(limit)? {
                    Some(body) => messagepack::decode(&body)?,
                    None => return Ok(None),
                },
            };
            if decoded.is_some() {
                return Ok(decoded);
            }
        }
    }

    /// Writes a message as one frame, ready for the wire. Encoded values in it must be of this
    /// protocol.
    pub fn write(self, message: &HubMessage) -> Frame {
        match self {
            Self::Json => Frame::Text(json::encode(message).into()),
            Self::MessagePack => Frame::Binary(messagepack::encode(message).into()),
        }
    }

    /// The handshake's answer in the opcode of this protocol (A1: MessagePack clients get it in a
    /// binary frame).
    pub fn handshake_accepted(self) -> Frame {
        match self {
            Self::Json => Frame::Text("{}\u{1e}".into()),
            Self::MessagePack => Frame::Binary(bytes::Bytes::from_static(b"{}\x1e")),
        }
    }

    /// Encodes one value: an argument, a result or a stream item.
    pub fn encode<T: Serialize + ?Sized>(self, value: &T) -> Result<Encoded, EncodeError> {
        match self {
            Self::Json => json::encode_value(value),
            Self::MessagePack => messagepack::encode_value(value),
        }
    }

    /// Encodes a sequence, such as a tuple or a slice, as the arguments of an invocation; `()` is
    /// none.
    pub fn encode_arguments<T: Serialize + ?Sized>(
        self,
        arguments: &T,
    ) -> Result<Vec<Encoded>, EncodeError> {
        let sequence = self.encode(arguments)?;
        if sequence == self.encode(&())? {
            return Ok(Vec::new());
        }
        match self {
            Self::Json => json::split_array(&sequence),
            Self::MessagePack => messagepack::split_array(&sequence),
        }
        .ok_or(EncodeError::NotASequence)
    }

    /// Decodes one value into the type a hub method asks for.
    pub fn bind<T: DeserializeOwned>(self, value: &Encoded) -> Result<T, BindError> {
        match self {
            Self::Json => json::bind(value),
            Self::MessagePack => messagepack::bind(value),
        }
    }
}

#[cfg(test)]
mod tests;
