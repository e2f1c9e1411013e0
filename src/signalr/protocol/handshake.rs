use serde_json::Value;

use super::{Frame, FrameReader, HubProtocol, MAXIMUM_VERSION};

/// What a client asks for with the first record it sends (A1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandshakeRequest {
    /// The protocol of everything that follows.
    pub protocol: HubProtocol,
    /// 0 to 2; 2 allows stateful reconnect if that was negotiated.
    pub version: i64,
}

/// Why a handshake is refused; the texts are what clients show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// We do not speak that protocol.
    #[error("The protocol '{0}' is not supported.")]
    UnknownProtocol(String),
    /// The version is above [`MAXIMUM_VERSION`].
    #[error("The server does not support version {1} of the '{0}' protocol.")]
    UnsupportedVersion(String, i64),
    /// It took too long or was too long.
    #[error("Handshake was canceled.")]
    Canceled,
    /// It is not a handshake.
    #[error("An unexpected error occurred during connection handshake.")]
    Malformed,
}

impl HandshakeError {
    /// The refusal as a frame.
    pub fn response(&self) -> Frame {
        let text = serde_json::json!({ "error": self.to_string() });
        Frame::Text(format!("{text}\u{1e}").into())
    }
}

impl HandshakeRequest {
    /// Reads the first record of a connection; `None` until it is complete. What follows it stays
    /// in `input`.
    pub fn read(input: &mut FrameReader, limit: usize) -> Result<Option<Self>, HandshakeError> {
        let Some(record) = input.next_record(limit).map_err(|_| HandshakeError::Canceled)? else {
            return Ok(None);
        };
        let Ok(Value::Object(fields)) = serde_json::from_slice(&record) else {
            return Err(HandshakeError::Malformed);
        };
        let name =
            fields.get("protocol").and_then(Value::as_str).ok_or(HandshakeError::Malformed)?;
        let version =
            fields.get("version").and_then(Value::as_i64).ok_or(HandshakeError::Malformed)?;
        let protocol = HubProtocol::from_name(name)
            .ok_or_else(|| HandshakeError::UnknownProtocol(name.to_owned()))?;
        if version > MAXIMUM_VERSION {
            return Err(HandshakeError::UnsupportedVersion(name.to_owned(), version));
        }
        Ok(Some(Self { protocol, version }))
    }
}
