//! What is refused, with which text, and what is let pass (A3).

use super::*;

fn refusal(text: &str) -> String {
    json(text).unwrap_err().to_string()
}

#[test]
fn required_properties_are_named_when_missing() {
    assert_eq!(refusal("{}"), "Missing required property 'type'.");
    assert_eq!(refusal(r#"{"type":1,"arguments":[]}"#), "Missing required property 'target'.");
    assert_eq!(refusal(r#"{"type":1,"target":"a"}"#), "Missing required property 'arguments'.");
    assert_eq!(refusal(r#"{"type":2,"invocationId":"1"}"#), "Missing required property 'item'.");
    for kind in [2, 3, 4, 5] {
        let text = format!(r#"{{"type":{kind},"item":1,"target":"a","arguments":[]}}"#);
        assert_eq!(refusal(&text), "Missing required property 'invocationId'.");
    }
    assert_eq!(refusal(r#"{"type":8}"#), "Missing required property 'sequenceId'.");
    assert_eq!(refusal(r#"{"type":9}"#), "Missing required property 'sequenceId'.");
}

#[test]
fn wrong_types_are_refused() {
    for text in [
        r#"{"type":"1"}"#,
        r#"{"type":1,"target":null,"arguments":[]}"#,
        r#"{"type":1,"target":"a","arguments":{}}"#,
        r#"{"type":1,"target":"a","arguments":[],"headers":null}"#,
        r#"{"type":1,"target":"a","arguments":[],"headers":{"a":1}}"#,
        r#"{"type":1,"target":"a","arguments":[],"streamIds":[null]}"#,
        r#"{"type":5,"invocationId":1}"#,
        r#"{"type":7,"allowReconnect":1}"#,
    ] {
        assert!(matches!(json(text), Err(ProtocolError::WrongType(..))), "{text}");
    }
    assert_eq!(
        refusal(r#"{"type":3,"invocationId":"1","error":"e","result":1}"#),
        "The 'error' and 'result' properties are mutually exclusive."
    );
}

#[test]
fn what_is_no_json_object_is_refused() {
    for text in [
        "",
        "{",
        r#"{"type":6,}"#,
        r#"{"type":6}x"#,
        r#"{/**/"type":6}"#,
        "null",
        "{\"type\":6\u{0}}",
    ] {
        assert_eq!(refusal(text), "Error reading JSON.", "{text:?}");
    }
    assert_eq!(refusal("[1]"), "Unexpected JSON Token Type 'Array'. Expected a JSON Object.");
    assert_eq!(read_all(HubProtocol::Json, b"{\"type\":\xff}\x1e"), Err(ProtocolError::Json));
    let nested = |depth| {
        format!(
            r#"{{"type":1,"target":"a","arguments":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert!(json(&nested(63)).is_ok());
    assert_eq!(refusal(&nested(64)), "Error reading JSON.");
}

#[test]
fn a_null_error_beside_a_result_and_unknown_properties_are_fine() {
    let message = json(
        r#"{"x":{"y":[1]},"type":3,"invocationId":"1","error":null,"result":2,"typ\u0065x":1}"#,
    )
    .unwrap();
    let HubMessage::Completion(completion) = message else { panic!("{message:?}") };
    assert!(matches!(completion.outcome, Outcome::Result(_)));
}

#[test]
fn escaped_names_count_and_the_last_of_equals_wins() {
    assert_eq!(json(r#"{"t\u0079pe":1,"type":6}"#), Ok(HubMessage::Ping));
}

#[test]
fn unknown_types_are_skipped_without_stalling_what_follows() {
    let frames = "{\"type\":99}\u{1e}{\"type\":0}\u{1e}{\"type\":6}\u{1e}";
    assert_eq!(read_all(HubProtocol::Json, frames.as_bytes()), Ok(vec![HubMessage::Ping]));
    assert_eq!(
        read_all(HubProtocol::MessagePack, &[2, 0x91, 99, 2, 0x91, 6]),
        Ok(vec![HubMessage::Ping])
    );
}

#[test]
fn a_message_may_be_exactly_as_long_as_the_limit() {
    let record =
        |length: usize| format!(r#"{{"type":6,"x":"{}"}}"#, "x".repeat(length - 18)) + "\u{1e}";
    let read = |bytes: &[u8]| {
        let mut input = FrameReader::default();
        input.extend(bytes);
        HubProtocol::Json.read(&mut input, 100)
    };
    assert_eq!(record(100).len(), 100);
    assert_eq!(read(record(100).as_bytes()), Ok(Some(HubMessage::Ping)));
    assert_eq!(read(record(101).as_bytes()), Err(ProtocolError::TooLarge(100)));
    assert_eq!(read(&[b' '; 101]), Err(ProtocolError::TooLarge(100)));
    assert_eq!(read(&[b' '; 100]), Ok(None));
    assert!(
        ProtocolError::TooLarge(32_768)
            .to_string()
            .starts_with("The maximum message size of 32768B was exceeded.")
    );
}

#[test]
fn hostile_messagepack_is_refused_without_allocating_for_it() {
    let read = |bytes: &[u8]| {
        let mut input = FrameReader::default();
        input.extend(bytes);
        HubProtocol::MessagePack.read(&mut input, 32_768)
    };
    assert_eq!(read(&[0xFF, 0xFF, 0xFF, 0xFF, 0x08]), Err(ProtocolError::Over2Gb));
    assert_eq!(read(&[0xFF, 0xFF, 0xFF, 0xFF, 0x07]), Err(ProtocolError::TooLarge(32_768)));
    assert!(read(&[1, 0xC1]).is_err());
    assert!(read(&[0]).is_err());
    let huge_array = [9, 0x95, 1, 0x80, 0xC0, 0xA1, 0x61, 0xDC, 0xFF, 0xFF];
    assert!(read(&huge_array).is_err());
    let mut deep = vec![0x95, 1, 0x80, 0xC0, 0xA1, 0x61];
    deep.extend([0x91; 100]);
    deep.push(1);
    deep.insert(0, u8::try_from(deep.len()).unwrap());
    assert!(read(&deep).is_err());
    assert_eq!(read(&[7, 0x94, 3, 0x80, 0xA1, 0x31, 9, 0xC0]), Err(ProtocolError::ResultKind));
}

#[test]
fn handshakes_are_accepted_and_refused_as_microsoft_does() {
    let read = |text: &str| {
        let mut input = FrameReader::default();
        input.extend(text.as_bytes());
        HandshakeRequest::read(&mut input, 32_768).map(|request| (request, input.buffered()))
    };
    let ok = |protocol, version| Some(HandshakeRequest { protocol, version });
    for version in 0..=2 {
        let text =
            format!("{{\"protocol\":\"JSON\",\"version\":{version},\"x\":1}}\u{1e}{{\"type\"");
        assert_eq!(read(&text), Ok((ok(HubProtocol::Json, version), 7)));
    }
    assert_eq!(
        read("{\"version\":1,\"protocol\":\"messagepack\"}\u{1e}"),
        Ok((ok(HubProtocol::MessagePack, 1), 0))
    );
    assert_eq!(read("{\"protocol\":"), Ok((None, 12)));
    let refused = |text: &str| read(text).unwrap_err().to_string();
    assert_eq!(
        refused("{\"protocol\":\"bson\",\"version\":1}\u{1e}"),
        "The protocol 'bson' is not supported."
    );
    assert_eq!(
        refused("{\"protocol\":\"json\",\"version\":3}\u{1e}"),
        "The server does not support version 3 of the 'json' protocol."
    );
    for text in [
        "\u{1e}",
        "[]\u{1e}",
        "{\"Protocol\":\"json\",\"version\":1}\u{1e}",
        "{\"protocol\":\"json\"}\u{1e}",
        "GET /\u{1e}",
    ] {
        assert_eq!(
            refused(text),
            "An unexpected error occurred during connection handshake.",
            "{text:?}"
        );
    }
    assert_eq!(refused(&" ".repeat(40_000)), "Handshake was canceled.");
    let response = HandshakeError::UnknownProtocol("b\"".into()).response();
    assert_eq!(
        response.as_bytes(),
        "{\"error\":\"The protocol 'b\\\"' is not supported.\"}\u{1e}".as_bytes()
    );
}
