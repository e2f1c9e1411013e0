use rmp::encode;

use crate::signalr::protocol::framing::with_length;
use crate::signalr::protocol::{Encoded, Headers, HubMessage, Invocation, Outcome};

/// Writes one message behind its length, with the number of items Microsoft writes.
pub(in crate::signalr::protocol) fn encode(message: &HubMessage) -> Vec<u8> {
    let mut body = Body(Vec::with_capacity(64));
    let kind = message.type_number();
    match message {
        HubMessage::Invocation(invocation) | HubMessage::StreamInvocation(invocation) => {
            body.invocation(kind, invocation)
        }
        HubMessage::StreamItem { headers, invocation_id, item } => {
            body.start(4, kind);
            body.headers(headers);
            body.string(invocation_id);
            body.encoded(item);
        }
        HubMessage::Completion(completion) => {
            body.start(if completion.outcome == Outcome::Void { 4 } else { 5 }, kind);
            body.headers(&completion.headers);
            body.string(&completion.invocation_id);
            match &completion.outcome {
                Outcome::Error(error) => {
                    body.integer(1);
                    body.string(error);
                }
                Outcome::Void => body.integer(2),
                Outcome::Result(result) => {
                    body.integer(3);
                    body.encoded(result);
                }
            }
        }
        HubMessage::CancelInvocation { headers, invocation_id } => {
            body.start(3, kind);
            body.headers(headers);
            body.string(invocation_id);
        }
        HubMessage::Ping => body.start(1, kind),
        HubMessage::Close { error, allow_reconnect } => {
            body.start(3, kind);
            body.optional_string(error.as_deref());
            body.0.push(if *allow_reconnect { 0xC3 } else { 0xC2 });
        }
        HubMessage::Ack { sequence_id } | HubMessage::Sequence { sequence_id } => {
            body.start(2, kind);
            body.integer(*sequence_id);
        }
    }
    with_length(&body.0)
}

const INFALLIBLE: &str = "a Vec takes every write";

struct Body(Vec<u8>);

impl Body {
    fn start(&mut self, items: u32, kind: u8) {
        self.array(items);
        self.0.push(kind);
    }

    fn array(&mut self, items: u32) {
        encode::write_array_len(&mut self.0, items).expect(INFALLIBLE);
    }

    /// The smallest form that holds the value.
    fn integer(&mut self, value: i64) {
        encode::write_sint(&mut self.0, value).expect(INFALLIBLE);
    }

    fn string(&mut self, value: &str) {
        encode::write_str(&mut self.0, value).expect(INFALLIBLE);
    }

    fn optional_string(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.string(value),
            None => encode::write_nil(&mut self.0).expect(INFALLIBLE),
        }
    }

    fn encoded(&mut self, value: &Encoded) {
        self.0.extend_from_slice(value.as_bytes());
    }

    fn headers(&mut self, headers: &Headers) {
        encode::write_map_len(&mut self.0, count(headers.len())).expect(INFALLIBLE);
        for (name, value) in headers {
            self.string(name);
            self.string(value);
        }
    }

    fn invocation(&mut self, kind: u8, invocation: &Invocation) {
        self.start(6, kind);
        self.headers(&invocation.headers);
        self.optional_string(invocation.invocation_id.as_deref());
        self.string(&invocation.target);
        self.array(count(invocation.arguments.len()));
        for argument in &invocation.arguments {
            self.encoded(argument);
        }
        self.array(count(invocation.stream_ids.len()));
        for id in &invocation.stream_ids {
            self.string(id);
        }
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("a message of four thousand million items cannot be built")
}
