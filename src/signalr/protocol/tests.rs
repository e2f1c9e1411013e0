mod golden;
mod round_trip;
mod rules;

use super::*;

/// Everything in `bytes`, which must end at a message boundary.
fn read_all(protocol: HubProtocol, bytes: &[u8]) -> Result<Vec<HubMessage>, ProtocolError> {
    let mut input = FrameReader::default();
    input.extend(bytes);
    let mut messages = Vec::new();
    while let Some(message) = protocol.read(&mut input, 32_768)? {
        messages.push(message);
    }
    assert_eq!(input.buffered(), 0, "whole messages only");
    Ok(messages)
}

fn json(text: &str) -> Result<HubMessage, ProtocolError> {
    let mut messages = read_all(HubProtocol::Json, format!("{text}\u{1e}").as_bytes())?;
    assert_eq!(messages.len(), 1);
    Ok(messages.remove(0))
}

fn invocation(
    protocol: HubProtocol,
    id: Option<&str>,
    target: &str,
    arguments: &impl serde::Serialize,
) -> Invocation {
    Invocation {
        invocation_id: id.map(str::to_owned),
        target: target.to_owned(),
        arguments: protocol.encode_arguments(arguments).unwrap(),
        ..Invocation::default()
    }
}
