//! The payloads on the channels (signalr reference E2), byte for byte Microsoft's. Input is
//! untrusted.

use bytes::Bytes;
use rmp::{decode, encode};

use crate::signalr::backplane::GroupAction;

/// A payload is not what its channel promises.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed backplane payload")]
pub(super) struct Malformed;

/// A message for clients: who is left out, and the frame for each protocol by name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PublishedInvocation {
    pub(super) excluded: Vec<String>,
    pub(super) frames: Vec<(String, Bytes)>,
    /// The sender waits for the client's result, which we cannot give yet.
    pub(super) wants_result: bool,
}

/// Asks whoever owns a connection to change its groups.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GroupCommand {
    pub(super) id: i32,
    pub(super) server: String,
    pub(super) action: GroupAction,
    pub(super) group: String,
    pub(super) connection: String,
}

const INFALLIBLE: &str = "a Vec takes every write";

pub(super) fn encode_invocation<'a>(
    excluded: impl ExactSizeIterator<Item = &'a str>,
    frames: &[(&str, &[u8])],
) -> Vec<u8> {
    let mut out =
        Vec::with_capacity(64 + frames.iter().map(|(_, frame)| frame.len()).sum::<usize>());
    array(&mut out, 2);
    array(&mut out, excluded.len());
    excluded.for_each(|id| string(&mut out, id));
    encode::write_map_len(&mut out, count(frames.len())).expect(INFALLIBLE);
    for (protocol, frame) in frames {
        string(&mut out, protocol);
        encode::write_bin(&mut out, frame).expect(INFALLIBLE);
    }
    out
}

pub(super) fn decode_invocation(payload: &Bytes) -> Result<PublishedInvocation, Malformed> {
    let mut reader = PayloadReader { payload, rest: payload };
    let items = reader.array(2)?;
    let excluded = (0..reader.array(0)?).map(|_| reader.string()).collect::<Result<_, _>>()?;
    let protocols = decode::read_map_len(&mut reader.rest).map_err(|_| Malformed)?;
    let frames = (0..protocols)
        .map(|_| Ok((reader.string()?, reader.bytes()?)))
        .collect::<Result<_, _>>()?;
    Ok(PublishedInvocation { excluded, frames, wants_result: items >= 4 })
}

pub(super) fn encode_group_command(command: &GroupCommand) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    array(&mut out, 5);
    encode::write_sint(&mut out, command.id.into()).expect(INFALLIBLE);
    string(&mut out, &command.server);
    let action = match command.action {
        GroupAction::Add => 1,
        GroupAction::Remove => 2,
    };
    encode::write_uint(&mut out, action).expect(INFALLIBLE);
    string(&mut out, &command.group);
    string(&mut out, &command.connection);
    out
}

pub(super) fn decode_group_command(payload: &Bytes) -> Result<GroupCommand, Malformed> {
    let mut reader = PayloadReader { payload, rest: payload };
    reader.array(5)?;
    Ok(GroupCommand {
        id: reader.integer()?,
        server: reader.string()?,
        action: match reader.integer()? {
            1 => GroupAction::Add,
            2 => GroupAction::Remove,
            _ => return Err(Malformed),
        },
        group: reader.string()?,
        connection: reader.string()?,
    })
}

pub(super) fn encode_ack(id: i32) -> Vec<u8> {
    let mut out = Vec::with_capacity(6);
    array(&mut out, 1);
    encode::write_sint(&mut out, id.into()).expect(INFALLIBLE);
    out
}

pub(super) fn decode_ack(payload: &Bytes) -> Result<i32, Malformed> {
    let mut reader = PayloadReader { payload, rest: payload };
    reader.array(1)?;
    reader.integer()
}

fn array(out: &mut Vec<u8>, items: usize) {
    encode::write_array_len(out, count(items)).expect(INFALLIBLE);
}

fn string(out: &mut Vec<u8>, text: &str) {
    encode::write_str(out, text).expect(INFALLIBLE);
}

fn count(items: usize) -> u32 {
    u32::try_from(items).expect("four thousand million items do not fit into memory")
}

struct PayloadReader<'a> {
    payload: &'a Bytes,
    rest: &'a [u8],
}

impl PayloadReader<'_> {
    fn array(&mut self, at_least: u32) -> Result<u32, Malformed> {
        decode::read_array_len(&mut self.rest)
            .ok()
            .filter(|items| *items >= at_least)
            .ok_or(Malformed)
    }

    fn integer(&mut self) -> Result<i32, Malformed> {
        decode::read_int(&mut self.rest).map_err(|_| Malformed)
    }

    fn string(&mut self) -> Result<String, Malformed> {
        let (text, rest) = decode::read_str_from_slice(self.rest).map_err(|_| Malformed)?;
        self.rest = rest;
        Ok(text.to_owned())
    }

    /// Binary data, sharing the payload's memory.
    fn bytes(&mut self) -> Result<Bytes, Malformed> {
        let length = decode::read_bin_len(&mut self.rest).map_err(|_| Malformed)?;
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(self.payload.slice_ref(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Bytes {
        text.split_whitespace()
            .map(|byte| u8::from_str_radix(byte, 16).unwrap())
            .collect::<Vec<_>>()
            .into()
    }

    #[test]
    fn acks_match_the_vectors() {
        for (id, bytes) in [
            (0, "91 00"),
            (42, "91 2A"),
            (180, "91 CC B4"),
            (384, "91 CD 01 80"),
            (70_000, "91 CE 00 01 11 70"),
        ] {
            assert_eq!(encode_ack(id), hex(bytes));
            assert_eq!(decode_ack(&hex(bytes)), Ok(id));
        }
    }

    #[test]
    fn group_commands_match_the_vectors() {
        for (action, bytes) in [
            (GroupAction::Add, "95 2A A1 53 01 A1 47 A1 43"),
            (GroupAction::Remove, "95 2A A1 53 02 A1 47 A1 43"),
        ] {
            let command = GroupCommand {
                id: 42,
                server: "S".into(),
                action,
                group: "G".into(),
                connection: "C".into(),
            };
            assert_eq!(encode_group_command(&command), hex(bytes));
            assert_eq!(decode_group_command(&hex(bytes)), Ok(command));
        }
    }

    #[test]
    fn invocations_match_the_vectors() {
        let frames: [(&str, &[u8]); 2] = [("p1", &[0x2A]), ("p2", &[0x2A])];
        let map = "82 A2 70 31 C4 01 2A A2 70 32 C4 01 2A";
        for (excluded, prefix) in [
            (vec![], "92 90"),
            (vec!["a"], "92 91 A1 61"),
            (vec!["a", "b", "c", "d", "e", "f"], "92 96 A1 61 A1 62 A1 63 A1 64 A1 65 A1 66"),
        ] {
            let bytes = hex(&format!("{prefix} {map}"));
            assert_eq!(encode_invocation(excluded.iter().copied(), &frames), bytes);
            let decoded = decode_invocation(&bytes).unwrap();
            assert_eq!(decoded.excluded, excluded);
            assert_eq!(decoded.frames, [("p1".into(), hex("2A")), ("p2".into(), hex("2A"))]);
            assert!(!decoded.wants_result);
        }
    }

    #[test]
    fn further_items_are_ignored_and_missing_ones_are_not() {
        assert_eq!(decode_ack(&hex("92 05 06")), Ok(5));
        assert!(decode_invocation(&hex("94 90 80 A1 31 A1 72")).unwrap().wants_result);
        for bad in [
            "",
            "90",
            "91 90",
            "92 90 81",
            "92 DD FF FF FF FF",
            "92 90 81 A1 70 C6 FF FF FF FF 00",
            "C0",
        ] {
            assert_eq!(decode_invocation(&hex(bad)), Err(Malformed), "{bad}");
        }
        assert_eq!(decode_group_command(&hex("95 2A A1 53 03 A1 47 A1 43")), Err(Malformed));
        assert_eq!(decode_group_command(&hex("94 2A A1 53 01 A1 47")), Err(Malformed));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let bytes = Bytes::from(bytes);
            let _ = (decode_invocation(&bytes), decode_group_command(&bytes), decode_ack(&bytes));
        }
    }
}
