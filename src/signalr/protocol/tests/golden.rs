//! Bytes recorded from Microsoft's client, and the specification's vectors.

use super::*;

fn completion(protocol: HubProtocol, outcome: Outcome) -> (HubProtocol, HubMessage) {
    (
        protocol,
        HubMessage::Completion(Completion {
            headers: Headers::new(),
            invocation_id: "xyz".into(),
            outcome,
        }),
    )
}

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

#[test]
fn json_as_the_javascript_client_sends_it_is_read() {
    use HubProtocol::Json;
    let add = invocation(Json, Some("0"), "Add", &(1, ()));
    assert_eq!(
        json(r#"{"target":"Add","arguments":[1,null],"invocationId":"0","type":1}"#),
        Ok(HubMessage::Invocation(add))
    );
    let fire = invocation(Json, None, "Fire", &("x",));
    assert_eq!(
        json(r#"{"target":"Fire","arguments":["x"],"type":1}"#),
        Ok(HubMessage::Invocation(fire))
    );
    let stream = invocation(Json, Some("1"), "Cnt", &(3,));
    assert_eq!(
        json(r#"{"target":"Cnt","arguments":[3],"invocationId":"1","type":4}"#),
        Ok(HubMessage::StreamInvocation(stream))
    );
    let mut upload = invocation(Json, None, "Up", &(5,));
    upload.stream_ids = vec!["2".into()];
    assert_eq!(
        json(r#"{"target":"Up","arguments":[5],"streamIds":["2"],"type":1}"#),
        Ok(HubMessage::Invocation(upload))
    );
    let item = HubMessage::StreamItem {
        headers: Headers::new(),
        invocation_id: "2".into(),
        item: Json.encode(&serde_json::json!({"a":1})).unwrap(),
    };
    assert_eq!(json(r#"{"invocationId":"2","item":{"a":1},"type":2}"#), Ok(item));
    let cancel =
        HubMessage::CancelInvocation { headers: Headers::new(), invocation_id: "1".into() };
    assert_eq!(json(r#"{"invocationId":"1","type":5}"#), Ok(cancel));
    assert_eq!(json(r#"{"type":6}"#), Ok(HubMessage::Ping));
    assert_eq!(
        json(r#"{"type":7}"#),
        Ok(HubMessage::Close { error: None, allow_reconnect: false })
    );
}

#[test]
fn json_is_written_in_microsofts_field_order_without_nulls() {
    use HubProtocol::Json;
    let written = |message| String::from_utf8(Json.write(&message).as_bytes().to_vec()).unwrap();
    assert_eq!(
        written(HubMessage::Invocation(invocation(Json, None, "OrderCompleted", &("ü\"\u{1e}",)))),
        "{\"type\":1,\"target\":\"OrderCompleted\",\"arguments\":[\"ü\\\"\\u001e\"]}\u{1e}"
    );
    let (_, null) = completion(Json, Outcome::Result(Json.encode(&()).unwrap()));
    assert_eq!(written(null), "{\"type\":3,\"invocationId\":\"xyz\",\"result\":null}\u{1e}");
    let (_, error) = completion(Json, Outcome::Error("no".into()));
    assert_eq!(written(error), "{\"type\":3,\"invocationId\":\"xyz\",\"error\":\"no\"}\u{1e}");
    assert_eq!(written(HubMessage::Ping), "{\"type\":6}\u{1e}");
    assert_eq!(
        written(HubMessage::Close { error: None, allow_reconnect: false }),
        "{\"type\":7}\u{1e}"
    );
    assert_eq!(
        written(HubMessage::Close { error: Some("e".into()), allow_reconnect: true }),
        "{\"type\":7,\"error\":\"e\",\"allowReconnect\":true}\u{1e}"
    );
    assert_eq!(written(HubMessage::Ack { sequence_id: 7 }), "{\"type\":8,\"sequenceId\":7}\u{1e}");
}

#[test]
fn messagepack_vectors_of_the_specification_hold_in_both_directions() {
    use HubProtocol::MessagePack as M;
    let xyz = || invocation(M, Some("xyz"), "method", &(42,));
    let item = M.encode(&42).unwrap();
    let vectors = [
        (HubMessage::Invocation(xyz()), "96 01 80 A3 78 79 7A A6 6D 65 74 68 6F 64 91 2A 90"),
        (
            HubMessage::Invocation(invocation(M, None, "method", &(42,))),
            "96 01 80 C0 A6 6D 65 74 68 6F 64 91 2A 90",
        ),
        (HubMessage::StreamInvocation(xyz()), "96 04 80 A3 78 79 7A A6 6D 65 74 68 6F 64 91 2A 90"),
        (
            HubMessage::StreamItem {
                headers: Headers::new(),
                invocation_id: "xyz".into(),
                item: item.clone(),
            },
            "94 02 80 A3 78 79 7A 2A",
        ),
        (
            completion(M, Outcome::Error("Error".into())).1,
            "95 03 80 A3 78 79 7A 01 A5 45 72 72 6F 72",
        ),
        (completion(M, Outcome::Void).1, "94 03 80 A3 78 79 7A 02"),
        (completion(M, Outcome::Result(item)).1, "95 03 80 A3 78 79 7A 03 2A"),
        (
            HubMessage::CancelInvocation { headers: Headers::new(), invocation_id: "xyz".into() },
            "93 05 80 A3 78 79 7A",
        ),
        (HubMessage::Ping, "91 06"),
        (
            HubMessage::Close { error: Some("xyz".into()), allow_reconnect: true },
            "93 07 A3 78 79 7A C3",
        ),
        (HubMessage::Ack { sequence_id: 36 }, "92 08 24"),
        (HubMessage::Sequence { sequence_id: 19 }, "92 09 13"),
    ];
    for (message, body) in vectors {
        let mut framed = hex(body);
        framed.insert(0, u8::try_from(framed.len()).unwrap());
        assert_eq!(M.write(&message), Frame::Binary(framed.clone().into()), "{message:?}");
        assert_eq!(read_all(M, &framed), Ok(vec![message]));
    }
}

#[test]
fn messagepack_as_other_writers_send_it_is_read() {
    use HubProtocol::MessagePack as M;
    let one = |bytes: &str| read_all(M, &hex(bytes)).unwrap().remove(0);
    assert_eq!(
        one("0C 95 01 80 A1 30 A3 41 64 64 92 01 C0"),
        HubMessage::Invocation(invocation(M, Some("0"), "Add", &(1, ())))
    );
    assert_eq!(
        one("0C 95 01 80 C0 A4 46 69 72 65 91 A1 78"),
        HubMessage::Invocation(invocation(M, None, "Fire", &("x",)))
    );
    assert_eq!(
        one("0B 95 04 80 A1 31 A3 43 6E 74 91 03"),
        HubMessage::StreamInvocation(invocation(M, Some("1"), "Cnt", &(3,)))
    );
    assert_eq!(one("03 92 07 C0"), HubMessage::Close { error: None, allow_reconnect: false });
    assert_eq!(one("04 92 08 CC 24"), HubMessage::Ack { sequence_id: 36 });
    assert_eq!(one("04 92 09 CC 13"), HubMessage::Sequence { sequence_id: 19 });
    assert_eq!(one("04 92 06 CC 13"), HubMessage::Ping, "extra items are ignored");
}

#[test]
fn values_bind_in_both_protocols() {
    #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        order_id: uuid::Uuid,
        note: Option<String>,
    }
    for protocol in HubProtocol::ALL {
        let payload = Payload { order_id: uuid::Uuid::from_u128(7), note: None };
        assert_eq!(protocol.bind::<Payload>(&protocol.encode(&payload).unwrap()).unwrap(), payload);
        assert!(protocol.bind::<u8>(&protocol.encode("text").unwrap()).is_err());
        assert!(matches!(protocol.encode_arguments(&payload), Err(EncodeError::NotASequence)));
        assert!(protocol.encode_arguments(&()).unwrap().is_empty());
    }
}
