//! Properties: what is written is read back, however the bytes are split; garbage never panics.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn message(protocol: HubProtocol) -> impl Strategy<Value = HubMessage> {
    let headers = || btree_map(".{0,5}", ".{0,5}", 0..3);
    let encoded = move || value().prop_map(move |value| protocol.encode(&value).unwrap());
    let call = move |id: BoxedStrategy<Option<String>>| {
        (headers(), id, ".*", vec(encoded(), 0..4), vec(".{1,4}", 0..3)).prop_map(
            |(headers, invocation_id, target, arguments, stream_ids)| Invocation {
                headers,
                invocation_id,
                target,
                arguments,
                stream_ids,
            },
        )
    };
    let outcome = prop_oneof![
        ".*".prop_map(Outcome::Error),
        Just(Outcome::Void),
        encoded().prop_map(Outcome::Result)
    ];
    prop_oneof![
        call(proptest::option::of(".{1,9}").boxed()).prop_map(HubMessage::Invocation),
        call(".{1,9}".prop_map(Some).boxed()).prop_map(HubMessage::StreamInvocation),
        (headers(), ".{1,9}", encoded()).prop_map(|(headers, invocation_id, item)| {
            HubMessage::StreamItem { headers, invocation_id, item }
        }),
        (headers(), ".{1,9}", outcome).prop_map(|(headers, invocation_id, outcome)| {
            HubMessage::Completion(Completion { headers, invocation_id, outcome })
        }),
        (headers(), ".{1,9}").prop_map(|(headers, invocation_id)| HubMessage::CancelInvocation {
            headers,
            invocation_id
        }),
        Just(HubMessage::Ping),
        (proptest::option::of(".{1,9}"), any::<bool>())
            .prop_map(|(error, allow_reconnect)| HubMessage::Close { error, allow_reconnect }),
        any::<i64>().prop_map(|sequence_id| HubMessage::Ack { sequence_id }),
        any::<i64>().prop_map(|sequence_id| HubMessage::Sequence { sequence_id }),
    ]
}

fn protocol_and_messages() -> impl Strategy<Value = (HubProtocol, Vec<HubMessage>)> {
    prop_oneof![Just(HubProtocol::Json), Just(HubProtocol::MessagePack)]
        .prop_flat_map(|protocol| (Just(protocol), vec(message(protocol), 1..5)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn messages_survive_any_splitting((protocol, messages) in protocol_and_messages(), sizes in vec(1_usize..40, 1..8)) {
        let bytes: Vec<u8> = messages.iter().flat_map(|message| protocol.write(message).as_bytes().to_vec()).collect();
        let (mut input, mut read, mut rest, mut turn) = (FrameReader::default(), Vec::new(), &bytes[..], 0);
        while !rest.is_empty() {
            let (chunk, tail) = rest.split_at(sizes[turn % sizes.len()].min(rest.len()));
            input.extend(chunk);
            while let Some(message) = protocol.read(&mut input, 1 << 20).unwrap() {
                read.push(message);
            }
            (rest, turn) = (tail, turn + 1);
        }
        prop_assert_eq!(read, messages);
    }

    #[test]
    fn garbage_never_panics(bytes in vec(any::<u8>(), 0..200), json in any::<bool>()) {
        let protocol = if json { HubProtocol::Json } else { HubProtocol::MessagePack };
        let mut input = FrameReader::default();
        input.extend(&bytes);
        input.extend(&[RECORD_SEPARATOR]);
        while let Ok(Some(_)) = protocol.read(&mut input, 32_768) {}
        let _ = HandshakeRequest::read(&mut input, 32_768);
    }

    #[test]
    fn a_damaged_message_never_panics((protocol, messages) in protocol_and_messages(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes: Vec<u8> = messages.iter().flat_map(|message| protocol.write(message).as_bytes().to_vec()).collect();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut input = FrameReader::default();
        input.extend(&bytes);
        while let Ok(Some(_)) = protocol.read(&mut input, 32_768) {}
    }
}
