use crate::signalr::protocol::{Encoded, Headers, HubMessage, Invocation, Outcome};

/// Writes one record with its separator, in Microsoft's field order. Absent fields are left out,
/// never null.
pub(in crate::signalr::protocol) fn encode(message: &HubMessage) -> String {
    let mut record = Record::new(message.type_number());
    match message {
        HubMessage::Invocation(invocation) | HubMessage::StreamInvocation(invocation) => {
            record.invocation(invocation)
        }
        HubMessage::StreamItem { headers, invocation_id, item } => {
            record.headers(headers);
            record.string("invocationId", invocation_id);
            record.encoded("item", item);
        }
        HubMessage::Completion(completion) => {
            record.headers(&completion.headers);
            record.string("invocationId", &completion.invocation_id);
            match &completion.outcome {
                Outcome::Error(error) => record.string("error", error),
                Outcome::Result(result) => record.encoded("result", result),
                Outcome::Void => {}
            }
        }
        HubMessage::CancelInvocation { headers, invocation_id } => {
            record.headers(headers);
            record.string("invocationId", invocation_id);
        }
        HubMessage::Ping => {}
        HubMessage::Close { error, allow_reconnect } => {
            if let Some(error) = error {
                record.string("error", error);
            }
            if *allow_reconnect {
                record.raw("allowReconnect", "true");
            }
        }
        HubMessage::Ack { sequence_id } | HubMessage::Sequence { sequence_id } => {
            record.raw("sequenceId", &sequence_id.to_string());
        }
    }
    record.finish()
}

struct Record(String);

impl Record {
    fn new(kind: u8) -> Self {
        Self(format!("{{\"type\":{kind}"))
    }

    fn finish(mut self) -> String {
        self.0.push_str("}\u{1e}");
        self.0
    }

    fn raw(&mut self, name: &str, json: &str) {
        self.0.push_str(",\"");
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(json);
    }

    fn string(&mut self, name: &str, value: &str) {
        self.raw(name, &quoted(value));
    }

    fn encoded(&mut self, name: &str, value: &Encoded) {
        self.raw(name, text(value));
    }

    fn headers(&mut self, headers: &Headers) {
        if headers.is_empty() {
            return;
        }
        let pairs: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{}:{}", quoted(name), quoted(value)))
            .collect();
        self.raw("headers", &format!("{{{}}}", pairs.join(",")));
    }

    fn invocation(&mut self, invocation: &Invocation) {
        self.headers(&invocation.headers);
        if let Some(id) = &invocation.invocation_id {
            self.string("invocationId", id);
        }
        self.string("target", &invocation.target);
        self.raw("arguments", "[");
        for (index, argument) in invocation.arguments.iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            self.0.push_str(text(argument));
        }
        self.0.push(']');
        if !invocation.stream_ids.is_empty() {
            let ids: Vec<String> = invocation.stream_ids.iter().map(|id| quoted(id)).collect();
            self.raw("streamIds", &format!("[{}]", ids.join(",")));
        }
    }
}

fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

fn text(value: &Encoded) -> &str {
    std::str::from_utf8(&value.0)
        .expect("values of the JSON protocol were read from, or written as, UTF-8")
}
