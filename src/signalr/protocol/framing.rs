use bytes::{Buf, Bytes, BytesMut};

use super::{ProtocolError, RECORD_SEPARATOR};

/// Collects received bytes, however they were split, and cuts them into messages.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: BytesMut,
    /// Bytes already searched for a separator, so that input arriving byte by byte is not searched
    /// again and again.
    searched: usize,
}

impl FrameReader {
    /// Appends what a transport received.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes received but not yet cut.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The next record without its separator; `None` until one is complete.
    pub fn next_record(&mut self, limit: usize) -> Result<Option<Bytes>, ProtocolError> {
        let found = self.buffer[self.searched..].iter().position(|byte| *byte == RECORD_SEPARATOR);
        let Some(at) = found.map(|offset| self.searched + offset) else {
            self.searched = self.buffer.len();
            return if self.buffer.len() > limit {
                Err(ProtocolError::TooLarge(limit))
            } else {
                Ok(None)
            };
        };
        if at >= limit {
            return Err(ProtocolError::TooLarge(limit));
        }
        self.searched = 0;
        let record = self.buffer.split_to(at).freeze();
        self.buffer.advance(1);
        Ok(Some(record))
    }

    /// The next message behind a length prefix, without it; `None` until it is complete.
    pub fn next_prefixed(&mut self, limit: usize) -> Result<Option<Bytes>, ProtocolError> {
        let Some((length, prefix)) = read_length(&self.buffer)? else { return Ok(None) };
        if prefix + length > limit {
            return Err(ProtocolError::TooLarge(limit));
        }
        if self.buffer.len() < prefix + length {
            return Ok(None);
        }
        self.buffer.advance(prefix);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}

/// Reads a length of 7 bits per byte, least significant first, at most 5 bytes: the value and how
/// many bytes it took.
fn read_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, ProtocolError> {
    let mut length = 0_usize;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        if index == 4 && *byte > 7 {
            return Err(ProtocolError::Over2Gb);
        }
        length |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some((length, index + 1)));
        }
    }
    Ok(None)
}

/// Whether `bytes` are exactly one message behind its length prefix.
pub(in crate::signalr) fn is_one_prefixed(bytes: &[u8]) -> bool {
    matches!(read_length(bytes), Ok(Some((length, prefix))) if length > 0 && prefix + length == bytes.len())
}

/// Puts the length of `body` in front of it.
pub(super) fn with_length(body: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(body.len() + 5);
    let mut rest = body.len();
    loop {
        let group = (rest & 0x7F) as u8;
        rest >>= 7;
        framed.push(if rest == 0 { group } else { group | 0x80 });
        if rest == 0 {
            break;
        }
    }
    framed.extend_from_slice(body);
    framed
}
