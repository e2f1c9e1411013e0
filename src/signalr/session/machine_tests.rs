use std::time::Duration;

use super::*;
use crate::signalr::protocol::ProtocolError;

const HANDSHAKE: &[u8] = b"{\"protocol\":\"json\",\"version\":1}\x1e";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn open(expires_after: Option<u64>) -> (Machine, Instant) {
    let start = Instant::now();
    let mut machine = Machine::new(
        &HubOptions::default(),
        start,
        expires_after.map(|after| start + seconds(after)),
    );
    let events = machine.receive(HANDSHAKE, start);
    assert_eq!(events, [Event::Opened(HubProtocol::Json, Frame::Text("{}\u{1e}".into()))]);
    (machine, start)
}

fn closed(events: &[Event]) -> &CloseCause {
    match events.last() {
        Some(Event::Closed(cause)) => cause,
        other => panic!("expected the end, got {other:?}"),
    }
}

#[test]
fn messages_may_follow_the_handshake_in_the_same_frame() {
    let start = Instant::now();
    let mut machine = Machine::new(&HubOptions::default(), start, None);
    let mut bytes = HANDSHAKE.to_vec();
    bytes.extend_from_slice(b"{\"type\":6}\x1e{\"type\":7}\x1e{\"ty");
    let events = machine.receive(&bytes, start);
    assert_eq!(events.len(), 2);
    assert_eq!(
        events[1],
        Event::Message(HubMessage::Close { error: None, allow_reconnect: false })
    );
}

#[test]
fn a_handshake_split_into_single_bytes_is_accepted() {
    let start = Instant::now();
    let mut machine = Machine::new(&HubOptions::default(), start, None);
    let events: Vec<Event> =
        HANDSHAKE.iter().flat_map(|byte| machine.receive(&[*byte], start)).collect();
    assert_eq!(events.len(), 1);
}

#[test]
fn a_handshake_that_does_not_come_is_refused_after_15_seconds() {
    let start = Instant::now();
    let mut machine = Machine::new(&HubOptions::default(), start, None);
    assert_eq!(machine.next_tick(), Some(start + seconds(15)));
    assert_eq!(machine.tick(start + seconds(14)), []);
    let events = machine.tick(start + seconds(15));
    assert_eq!(events[0], Event::Write(HandshakeError::Canceled.response()));
    assert_eq!(closed(&events), &CloseCause::HandshakeRefused);
    assert_eq!(machine.receive(HANDSHAKE, start), [], "too late");
    assert_eq!(machine.next_tick(), None);
}

#[test]
fn pings_leave_every_15_seconds_whatever_else_is_sent() {
    let (mut machine, start) = open(None);
    assert_eq!(machine.next_tick(), Some(start + seconds(15)));
    let ping = || Event::Write(Frame::Text("{\"type\":6}\u{1e}".into()));
    assert_eq!(machine.tick(start + seconds(15)), [ping()]);
    assert_eq!(machine.tick(start + seconds(16)), []);
    assert_eq!(machine.tick(start + seconds(30)), [ping()]);
}

#[test]
fn silence_is_counted_only_after_the_first_message() {
    let (mut machine, start) = open(None);
    assert!(
        matches!(machine.tick(start + seconds(100))[..], [Event::Write(_)]),
        "never pinged: never cut"
    );
    machine.receive(b"{\"type\":6}\x1e", start + seconds(100));
    assert!(matches!(machine.tick(start + seconds(129))[..], [Event::Write(_)]));
    assert_eq!(closed(&machine.tick(start + seconds(130))), &CloseCause::ClientTimeout);
}

#[test]
fn half_a_message_does_not_count_as_life() {
    let (mut machine, start) = open(None);
    machine.receive(b"{\"type\":6}\x1e", start);
    machine.receive(b"{\"type\"", start + seconds(20));
    assert_eq!(closed(&machine.tick(start + seconds(30))), &CloseCause::ClientTimeout);
}

#[test]
fn silence_while_the_hub_works_does_not_count() {
    let (mut machine, start) = open(None);
    machine.receive(b"{\"type\":6}\x1e", start);
    machine.set_busy(true, start);
    assert!(matches!(machine.tick(start + seconds(60))[..], [Event::Write(_)]));
    machine.set_busy(false, start + seconds(60));
    assert_eq!(machine.tick(start + seconds(74)), []);
    assert_eq!(closed(&machine.tick(start + seconds(90))), &CloseCause::ClientTimeout);
}

#[test]
fn the_connection_ends_with_its_token() {
    let (mut machine, start) = open(Some(10));
    assert_eq!(machine.next_tick(), Some(start + seconds(10)));
    assert_eq!(closed(&machine.tick(start + seconds(10))), &CloseCause::TokenExpired);
}

#[test]
fn a_fault_ends_it_after_what_came_before() {
    let (mut machine, start) = open(None);
    let events = machine.receive(b"{\"type\":7}\x1ebad\x1e{\"type\":7}\x1e", start);
    assert_eq!(events.len(), 2);
    assert_eq!(closed(&events), &CloseCause::ProtocolFault(ProtocolError::Json));
    assert_eq!(machine.end(CloseCause::Draining), [], "only one end");
}

#[test]
fn causes_tell_the_client_whether_to_come_back() {
    let close =
        |cause: CloseCause| cause.message(false).map(|message| HubProtocol::Json.write(&message));
    let text = |json: &str| Some(Frame::Text(format!("{json}\u{1e}").into()));
    assert_eq!(close(CloseCause::Draining), text(r#"{"type":7,"allowReconnect":true}"#));
    assert_eq!(close(CloseCause::SlowConsumer), text(r#"{"type":7,"allowReconnect":true}"#));
    assert_eq!(close(CloseCause::TokenExpired), text(r#"{"type":7,"allowReconnect":true}"#));
    assert_eq!(close(CloseCause::ClientClosed(None)), text(r#"{"type":7}"#));
    assert_eq!(close(CloseCause::Aborted), text(r#"{"type":7}"#));
    let failed = r#"{"type":7,"error":"Connection closed with an error.","allowReconnect":true}"#;
    assert_eq!(close(CloseCause::ProtocolFault(ProtocolError::Json)), text(failed));
    assert_eq!(close(CloseCause::ClientTimeout), text(failed));
    assert_eq!(
        close(CloseCause::ConnectedFailed(Some("HubException: no".into()))),
        text(r#"{"type":7,"error":"Connection closed with an error. HubException: no"}"#)
    );
    assert_eq!(close(CloseCause::TransportLost), None);
    let detailed = CloseCause::ProtocolFault(ProtocolError::Json).message(true);
    assert!(format!("{detailed:?}").contains("InvalidDataException: Error reading JSON."));
}
