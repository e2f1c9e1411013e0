use bytes::Bytes;
use rmp::Marker;
use rmp::decode;

use crate::signalr::protocol::{Encoded, ProtocolError};

/// How deep a value may be nested.
pub(super) const MAXIMUM_DEPTH: usize = 64;

/// Reads items one after the other; every error names the item. Nothing is allocated by announced
/// lengths alone.
pub(super) struct Cursor<'a> {
    whole: &'a Bytes,
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(whole: &'a Bytes) -> Self {
        Self { whole, rest: whole }
    }

    pub(super) fn array(&mut self, name: &'static str) -> Result<u32, ProtocolError> {
        decode::read_array_len(&mut self.rest)
            .map_err(|_| ProtocolError::MessagePack(name, "Array"))
    }

    pub(super) fn map(&mut self, name: &'static str) -> Result<u32, ProtocolError> {
        decode::read_map_len(&mut self.rest).map_err(|_| ProtocolError::MessagePack(name, "Map"))
    }

    pub(super) fn integer(&mut self, name: &'static str) -> Result<i64, ProtocolError> {
        decode::read_int(&mut self.rest).map_err(|_| ProtocolError::MessagePack(name, "Int64"))
    }

    pub(super) fn boolean(&mut self, name: &'static str) -> Result<bool, ProtocolError> {
        decode::read_bool(&mut self.rest).map_err(|_| ProtocolError::MessagePack(name, "Boolean"))
    }

    pub(super) fn string(&mut self, name: &'static str) -> Result<String, ProtocolError> {
        let (text, rest) = decode::read_str_from_slice(self.rest)
            .map_err(|_| ProtocolError::MessagePack(name, "String"))?;
        self.rest = rest;
        Ok(text.to_owned())
    }

    /// A string, where nil and the empty string count as absent.
    pub(super) fn optional_string(
        &mut self,
        name: &'static str,
    ) -> Result<Option<String>, ProtocolError> {
        if self.rest.first() == Some(&Marker::Null.to_u8()) {
            self.rest = &self.rest[1..];
            return Ok(None);
        }
        self.string(name).map(|text| Some(text).filter(|text| !text.is_empty()))
    }

    /// Any value, still encoded.
    pub(super) fn value(&mut self, name: &'static str) -> Result<Encoded, ProtocolError> {
        let start = self.rest;
        skip(&mut self.rest, MAXIMUM_DEPTH).ok_or(ProtocolError::MessagePack(name, "Value"))?;
        Ok(Encoded(self.whole.slice_ref(&start[..start.len() - self.rest.len()])))
    }
}

/// Steps over one value; `None` when it is truncated, invalid or too deep.
fn skip(rest: &mut &[u8], depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let marker = decode::read_marker(rest).ok()?;
    let (bytes, values) = match marker {
        Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null | Marker::True | Marker::False => {
            (0, 0)
        }
        Marker::U8 | Marker::I8 => (1, 0),
        Marker::U16 | Marker::I16 => (2, 0),
        Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
        Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
        Marker::FixStr(length) => (usize::from(length), 0),
        Marker::Str8 | Marker::Bin8 => (length(rest, 1)?, 0),
        Marker::Str16 | Marker::Bin16 => (length(rest, 2)?, 0),
        Marker::Str32 | Marker::Bin32 => (length(rest, 4)?, 0),
        Marker::FixExt1 => (2, 0),
        Marker::FixExt2 => (3, 0),
        Marker::FixExt4 => (5, 0),
        Marker::FixExt8 => (9, 0),
        Marker::FixExt16 => (17, 0),
        Marker::Ext8 => (length(rest, 1)? + 1, 0),
        Marker::Ext16 => (length(rest, 2)? + 1, 0),
        Marker::Ext32 => (length(rest, 4)?.checked_add(1)?, 0),
        Marker::FixArray(count) => (0, usize::from(count)),
        Marker::Array16 => (0, length(rest, 2)?),
        Marker::Array32 => (0, length(rest, 4)?),
        Marker::FixMap(count) => (0, usize::from(count) * 2),
        Marker::Map16 => (0, length(rest, 2)? * 2),
        Marker::Map32 => (0, length(rest, 4)?.checked_mul(2)?),
        Marker::Reserved => return None,
    };
    *rest = rest.get(bytes..)?;
    for _ in 0..values {
        skip(rest, depth)?;
    }
    Some(())
}

fn length(rest: &mut &[u8], width: usize) -> Option<usize> {
    let (bytes, tail) = rest.split_at_checked(width)?;
    *rest = tail;
    Some(bytes.iter().fold(0, |value, byte| value << 8 | usize::from(*byte)))
}
