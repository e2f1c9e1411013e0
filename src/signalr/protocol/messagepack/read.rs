use bytes::Bytes;

use super::Cursor;
use crate::signalr::protocol::{
    Completion, Headers, HubMessage, Invocation, Outcome, ProtocolError,
};

/// Reads one message; `None` when its type is unknown and it is to be skipped. Extra items at the
/// end are ignored.
pub(in crate::signalr::protocol) fn decode(
    body: &Bytes,
) -> Result<Option<HubMessage>, ProtocolError> {
    let mut cursor = Cursor::new(body);
    let items = cursor.array("message")?;
    Ok(Some(match cursor.integer("type")? {
        1 => HubMessage::Invocation(invocation(&mut cursor, items)?),
        2 => HubMessage::StreamItem {
            headers: headers(&mut cursor)?,
            invocation_id: id(&mut cursor)?,
            item: cursor.value("item")?,
        },
        3 => HubMessage::Completion(completion(&mut cursor)?),
        4 => {
            let invocation = invocation(&mut cursor, items)?;
            if invocation.invocation_id.is_none() {
                return Err(ProtocolError::Missing("invocationId"));
            }
            HubMessage::StreamInvocation(invocation)
        }
        5 => HubMessage::CancelInvocation {
            headers: headers(&mut cursor)?,
            invocation_id: id(&mut cursor)?,
        },
        6 => HubMessage::Ping,
        7 => HubMessage::Close {
            error: cursor.optional_string("error")?,
            allow_reconnect: items > 2 && cursor.boolean("allowReconnect")?,
        },
        8 => HubMessage::Ack { sequence_id: cursor.integer("sequenceId")? },
        9 => HubMessage::Sequence { sequence_id: cursor.integer("sequenceId")? },
        _ => return Ok(None),
    }))
}

fn headers(cursor: &mut Cursor<'_>) -> Result<Headers, ProtocolError> {
    let count = cursor.map("headers")?;
    (0..count).map(|_| Ok((cursor.string("headers")?, cursor.string("headers")?))).collect()
}

fn id(cursor: &mut Cursor<'_>) -> Result<String, ProtocolError> {
    cursor.optional_string("invocationId")?.ok_or(ProtocolError::Missing("invocationId"))
}

fn invocation(cursor: &mut Cursor<'_>, items: u32) -> Result<Invocation, ProtocolError> {
    let headers = headers(cursor)?;
    let invocation_id = cursor.optional_string("invocationId")?;
    let target = cursor.string("target")?;
    let count = cursor.array("arguments")?;
    let arguments = (0..count).map(|_| cursor.value("arguments")).collect::<Result<_, _>>()?;
    // JavaScript sends five items when there are no streams.
    let stream_ids = if items > 5 {
        let count = cursor.array("streamIds")?;
        (0..count).map(|_| cursor.string("streamIds")).collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    Ok(Invocation { headers, invocation_id, target, arguments, stream_ids })
}

fn completion(cursor: &mut Cursor<'_>) -> Result<Completion, ProtocolError> {
    let headers = headers(cursor)?;
    let invocation_id = id(cursor)?;
    let outcome = match cursor.integer("resultKind")? {
        1 => Outcome::Error(cursor.string("error")?),
        2 => Outcome::Void,
        3 => Outcome::Result(cursor.value("result")?),
        _ => return Err(ProtocolError::ResultKind),
    };
    Ok(Completion { headers, invocation_id, outcome })
}
