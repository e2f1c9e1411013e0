use bytes::Bytes;
use serde::Serialize;

use super::protocol::{EncodeError, Frame, HubMessage, HubProtocol, Invocation};

/// An invocation written once per protocol; every connection and the backplane share the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerializedMessage {
    json: Option<Frame>,
    messagepack: Option<Frame>,
}

impl SerializedMessage {
    /// Writes the call of `target` with `arguments`, a tuple, an array or a slice.
    pub fn invocation<A: Serialize + ?Sized>(
        target: &str,
        arguments: &A,
    ) -> Result<Self, EncodeError> {
        let write = |protocol: HubProtocol| {
            let arguments = protocol.encode_arguments(arguments)?;
            let invocation =
                Invocation { target: target.to_owned(), arguments, ..Invocation::default() };
            Ok::<_, EncodeError>(protocol.write(&HubMessage::Invocation(invocation)))
        };
        Ok(Self {
            json: Some(write(HubProtocol::Json)?),
            messagepack: Some(write(HubProtocol::MessagePack)?),
        })
    }

    /// Adopts what another server wrote: a frame per protocol, any of which may be missing.
    /// `None` when a frame is not one whole message, which would break the clients it is passed to.
    pub fn from_frames(json: Option<Bytes>, messagepack: Option<Bytes>) -> Option<Self> {
        let json = match json {
            Some(bytes)
                if bytes.iter().position(|byte| *byte == super::protocol::RECORD_SEPARATOR)
                    == bytes.len().checked_sub(1) =>
            {
                Some(Frame::Text(bytes.try_into().ok()?))
            }
            Some(_) => return None,
            None => None,
        };
        let messagepack = match messagepack {
            Some(bytes) if super::protocol::is_one_prefixed(&bytes) => Some(Frame::Binary(bytes)),
            Some(_) => return None,
            None => None,
        };
        Some(Self { json, messagepack })
    }

    /// The frame for clients of one protocol.
    pub fn frame(&self, protocol: HubProtocol) -> Option<&Frame> {
        match protocol {
            HubProtocol::Json => self.json.as_ref(),
            HubProtocol::MessagePack => self.messagepack.as_ref(),
        }
    }
}
