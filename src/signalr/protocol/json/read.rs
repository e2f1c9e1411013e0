use bytes::Bytes;
use serde_json::value::RawValue;

use super::elements;
use super::fields::Fields;
use crate::signalr::protocol::{
    Completion, Encoded, Headers, HubMessage, Invocation, Outcome, ProtocolError,
};

/// How deep a record may be nested: System.Text.Json's default.
const MAXIMUM_DEPTH: usize = 64;

/// Reads one record; `None` when its type is unknown and it is to be skipped.
pub(in crate::signalr::protocol) fn decode(
    record: &Bytes,
) -> Result<Option<HubMessage>, ProtocolError> {
    let text = std::str::from_utf8(record).map_err(|_| ProtocolError::Json)?;
    check_shape(text)?;
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|_| ProtocolError::Json)?;
    let kind = fields.kind.ok_or(ProtocolError::Missing("type"))?;
    let kind: i32 =
        serde_json::from_str(kind.get()).map_err(|_| ProtocolError::WrongType("type", "Number"))?;
    let reader = JsonReader { record, fields };
    Ok(Some(match kind {
        1 => HubMessage::Invocation(reader.invocation(reader.invocation_id()?)?),
        2 => HubMessage::StreamItem {
            headers: reader.headers()?,
            invocation_id: reader.required_id()?,
            item: reader.encoded(reader.fields.item.ok_or(ProtocolError::Missing("item"))?),
        },
        3 => HubMessage::Completion(reader.completion()?),
        4 => HubMessage::StreamInvocation(reader.invocation(Some(reader.required_id()?))?),
        5 => HubMessage::CancelInvocation {
            headers: reader.headers()?,
            invocation_id: reader.required_id()?,
        },
        6 => HubMessage::Ping,
        7 => {
            HubMessage::Close { error: reader.error()?, allow_reconnect: reader.allow_reconnect()? }
        }
        8 => HubMessage::Ack { sequence_id: reader.sequence_id()? },
        9 => HubMessage::Sequence { sequence_id: reader.sequence_id()? },
        _ => return Ok(None),
    }))
}

/// Refuses what is no object, and nesting that could exhaust the stack of a recursive reader.
fn check_shape(text: &str) -> Result<(), ProtocolError> {
    match text.bytes().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {}
        Some(b'[') => return Err(ProtocolError::NotAnObject("Array")),
        Some(b'"') => return Err(ProtocolError::NotAnObject("String")),
        Some(b'0'..=b'9' | b'-') => return Err(ProtocolError::NotAnObject("Number")),
        _ => return Err(ProtocolError::Json),
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > MAXIMUM_DEPTH {
                    return Err(ProtocolError::Json);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

struct JsonReader<'a> {
    record: &'a Bytes,
    fields: Fields<'a>,
}

impl JsonReader<'_> {
    fn encoded(&self, value: &RawValue) -> Encoded {
        Encoded(self.record.slice_ref(value.get().as_bytes()))
    }

    fn invocation(&self, invocation_id: Option<String>) -> Result<Invocation, ProtocolError> {
        let target = self.fields.target.ok_or(ProtocolError::Missing("target"))?;
        let arguments = self.fields.arguments.ok_or(ProtocolError::Missing("arguments"))?;
        Ok(Invocation {
            headers: self.headers()?,
            invocation_id,
            target: string(target).ok_or(ProtocolError::WrongType("target", "String"))?,
            arguments: elements(self.record, arguments.get())
                .ok_or(ProtocolError::WrongType("arguments", "StartArray"))?,
            stream_ids: match self.fields.stream_ids {
                Some(ids) => serde_json::from_str(ids.get())
                    .map_err(|_| ProtocolError::WrongType("streamIds", "StartArray"))?,
                None => Vec::new(),
            },
        })
    }

    fn completion(&self) -> Result<Completion, ProtocolError> {
        let outcome = match (self.error()?, self.fields.result) {
            (Some(_), Some(_)) => return Err(ProtocolError::ErrorAndResult),
            (Some(error), None) => Outcome::Error(error),
            (None, Some(result)) => Outcome::Result(self.encoded(result)),
            (None, None) => Outcome::Void,
        };
        Ok(Completion { headers: self.headers()?, invocation_id: self.required_id()?, outcome })
    }

    /// The id, where null counts as absent.
    fn invocation_id(&self) -> Result<Option<String>, ProtocolError> {
        optional_string(self.fields.invocation_id, "invocationId")
    }

    fn required_id(&self) -> Result<String, ProtocolError> {
        self.invocation_id()?.ok_or(ProtocolError::Missing("invocationId"))
    }

    fn error(&self) -> Result<Option<String>, ProtocolError> {
        optional_string(self.fields.error, "error")
    }

    fn headers(&self) -> Result<Headers, ProtocolError> {
        let Some(headers) = self.fields.headers else { return Ok(Headers::new()) };
        serde_json::from_str(headers.get())
            .map_err(|_| ProtocolError::WrongType("headers", "StartObject"))
    }

    fn allow_reconnect(&self) -> Result<bool, ProtocolError> {
        let Some(value) = self.fields.allow_reconnect else { return Ok(false) };
        serde_json::from_str(value.get())
            .map_err(|_| ProtocolError::WrongType("allowReconnect", "True or False"))
    }

    fn sequence_id(&self) -> Result<i64, ProtocolError> {
        let value = self.fields.sequence_id.ok_or(ProtocolError::Missing("sequenceId"))?;
        serde_json::from_str(value.get())
            .map_err(|_| ProtocolError::WrongType("sequenceId", "Number"))
    }
}

fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

fn optional_string(
    value: Option<&RawValue>,
    name: &'static str,
) -> Result<Option<String>, ProtocolError> {
    match value {
        None => Ok(None),
        Some(value) => {
            serde_json::from_str(value.get()).map_err(|_| ProtocolError::WrongType(name, "String"))
        }
    }
}
