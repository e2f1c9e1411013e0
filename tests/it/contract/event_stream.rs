use std::collections::HashSet;
use std::time::{Duration, Instant};

use contoso_shop::adapters::redis::{RedisDeadLetters, RedisEventStream, keys};
use contoso_shop::domain::{
    CorrelationId, EventId, OrderEvent, OrderId, OrderStatus, OrderVersion, Timestamp,
};
use contoso_shop::ports::{Appended, DeadLetters, EventStream, StreamEntry, StreamState};
use contoso_shop::resilience::Backoff;
use fred::clients::Client;
use fred::interfaces::{ClientLike, LuaInterface, StreamsInterface};
use fred::types::{Key, Value};

use crate::support::redis::{client, guarded};
use crate::support::redis_server::RedisServer;
use crate::support::wait::until;

const NOW: Duration = Duration::ZERO;
const SOON: Duration = Duration::from_secs(5);

/// Entries come again after this time, however often they were delivered.
fn after(idle: Duration) -> Backoff {
    Backoff { first: idle, longest: idle }
}

fn event(number: i64) -> OrderEvent {
    OrderEvent {
        event_id: EventId::generate(),
        correlation_id: CorrelationId::generate(),
        order_id: OrderId(number),
        status: OrderStatus::Completed,
        version: OrderVersion::new(3),
        occurred_at: Timestamp::from_micros(1_795_294_800_123_456),
        trace_parent: (number % 2 == 0)
            .then(|| "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
    }
}

fn entries(entries: &[StreamEntry]) -> Vec<String> {
    entries.iter().map(|entry| entry.id.clone()).collect()
}

async fn events_are_read_in_order_once_by_one_consumer_of_the_group(stream: &dyn EventStream) {
    assert_eq!(stream.read("a", 10, NOW).await.expect("read"), []);
    let events: Vec<_> = (0..5).map(event).collect();
    stream.append(&events).await.expect("append");
    let mut got = stream.read("a", 2, NOW).await.expect("read");
    assert_eq!(got.len(), 2);
    got.extend(stream.read("b", 10, NOW).await.expect("read"));
    let read: Vec<_> =
        got.iter().map(|delivery| delivery.event.clone().expect("readable")).collect();
    assert_eq!(read, events);
    assert!(got.iter().all(|delivery| delivery.deliveries == 1));
    assert_eq!(stream.read("c", 10, NOW).await.expect("read"), [], "nothing is new any more");
}

async fn a_waiting_reader_is_answered_when_an_event_comes(stream: &dyn EventStream) {
    stream.read("a", 1, NOW).await.expect("read");
    let start = Instant::now();
    let wanted = event(1);
    let append = async {
        tokio::task::yield_now().await;
        stream.append(std::slice::from_ref(&wanted)).await
    };
    let (read, append) = tokio::join!(stream.read("a", 1, SOON), append);
    append.expect("append");
    assert_eq!(read.expect("read")[0].event.as_ref(), Some(&wanted));
    assert!(start.elapsed() < Duration::from_secs(1), "took {:?}", start.elapsed());
}

async fn an_entry_nobody_acknowledged_is_claimed_with_a_growing_count(stream: &dyn EventStream) {
    stream.append(&[event(1), event(2)]).await.expect("append");
    let read = stream.read("dead", 10, NOW).await.expect("read");
    stream.acknowledge(&entries(&read[..1])).await.expect("acknowledge");
    assert_eq!(
        stream.claim("alive", after(SOON), 10).await.expect("claim"),
        [],
        "not idle for so long"
    );
    for count in 2..5 {
        let claimed = stream.claim("alive", after(NOW), 10).await.expect("claim");
        let expected = StreamEntry { deliveries: count, ..read[1].clone() };
        assert_eq!(claimed, [expected]);
    }
    stream.acknowledge(&entries(&read)).await.expect("acknowledging twice is no error");
    assert_eq!(stream.claim("alive", after(NOW), 10).await.expect("claim"), []);
}

async fn of_two_claimants_one_gets_an_entry(stream: &dyn EventStream) {
    let events: Vec<_> = (0..50).map(event).collect();
    stream.append(&events).await.expect("append");
    stream.read("dead", 50, NOW).await.expect("read");
    let idle = Duration::from_millis(100);
    tokio::time::sleep(idle * 2).await;
    let (a, b) =
        tokio::join!(stream.claim("a", after(idle), 50), stream.claim("b", after(idle), 50));
    let (a, b) = (a.expect("claim"), b.expect("claim"));
    let both: HashSet<_> = entries(&a).into_iter().chain(entries(&b)).collect();
    assert_eq!((both.len(), a.len() + b.len()), (50, 50));
}

async fn a_buried_entry_is_never_handed_out_again(stream: &dyn EventStream) {
    stream.append(&[event(1)]).await.expect("append");
    let read = stream.read("a", 1, NOW).await.expect("read");
    stream.bury(&read[0], "the owner is unknown").await.expect("bury");
    assert_eq!(stream.claim("a", after(NOW), 10).await.expect("claim"), []);
    assert_eq!(stream.read("a", 10, NOW).await.expect("read"), []);
}

async fn the_delay_grows_with_the_deliveries(stream: &dyn EventStream) {
    stream.append(&[event(1)]).await.expect("append");
    stream.read("a", 1, NOW).await.expect("read");
    let delay = Backoff { first: Duration::from_millis(100), longest: SOON };
    let claimed = async || {
        let begun = Instant::now();
        until("the entry to come again", SOON, || async {
            let claimed = stream.claim("b", delay, 10).await.expect("claim");
            (!claimed.is_empty()).then_some(())
        })
        .await;
        begun.elapsed()
    };
    let waits = [claimed().await, claimed().await, claimed().await];
    for (wait, least) in waits.into_iter().zip([50, 190, 390]) {
        assert!(wait >= Duration::from_millis(least), "{waits:?}");
    }
}

async fn only_what_was_dealt_with_is_trimmed(stream: &dyn EventStream) {
    let state = |length, pending| StreamState { length, pending };
    assert_eq!(stream.trim().await.expect("trim"), state(0, 0), "there is no stream yet");
    let events: Vec<_> = (0..6).map(event).collect();
    assert_eq!(stream.append(&events).await.expect("append"), Appended::All);
    assert_eq!(stream.trim().await.expect("trim"), state(6, 0), "nobody has read");
    let read = stream.read("a", 4, NOW).await.expect("read");
    assert_eq!(stream.trim().await.expect("trim"), state(6, 4));
    stream.acknowledge(&entries(&read[..3])).await.expect("acknowledge");
    assert_eq!(stream.trim().await.expect("trim"), state(3, 1));
    stream.acknowledge(&entries(&read)).await.expect("acknowledge");
    assert_eq!(stream.trim().await.expect("trim"), state(2, 0));
    let rest = stream.read("b", 10, NOW).await.expect("read");
    let rest: Vec<_> = rest.into_iter().filter_map(|entry| entry.event).collect();
    assert_eq!(rest, events[4..]);
}

fn redis() -> (RedisServer, Client, RedisEventStream) {
    let server = RedisServer::start();
    let commands = client(server.port);
    let stream = RedisEventStream::new(guarded(commands.clone()), client(server.port));
    (server, commands, stream)
}

macro_rules! suite {
    ($back_end:ident: $make:expr; $($promise:ident),+) => {
        mod $back_end {
            $(#[tokio::test]
            async fn $promise() {
                let (_server, _client, stream) = $make;
                super::$promise(&stream).await;
            })+
        }
    };
}

suite!(redis: super::redis();
    events_are_read_in_order_once_by_one_consumer_of_the_group,
    a_waiting_reader_is_answered_when_an_event_comes,
    an_entry_nobody_acknowledged_is_claimed_with_a_growing_count,
    of_two_claimants_one_gets_an_entry,
    a_buried_entry_is_never_handed_out_again,
    the_delay_grows_with_the_deliveries,
    only_what_was_dealt_with_is_trimmed
);

type Entry = (String, std::collections::HashMap<Key, Value>);

#[tokio::test]
async fn an_unreadable_entry_is_delivered_as_such_and_buried_with_its_fields() {
    let (_server, client, stream) = redis();
    let poison: [u8; 3] = [0xff, 0x00, 0xfe];
    let fields = vec![("status", Value::Bytes(poison.to_vec().into()))];
    client.xadd::<(), _, _, _, _>(keys::EVENTS, false, None, "*", fields).await.expect("xadd");
    stream.append(&[event(1)]).await.expect("append");
    let read = stream.read("a", 10, NOW).await.expect("a poisoned entry does not hide the others");
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].event, None);
    stream.bury(&read[0], "unreadable").await.expect("bury");
    let dead: Vec<Entry> =
        client.xrange_values(keys::DEAD_EVENTS, "-", "+", None).await.expect("xrange");
    let fields = &dead[0].1;
    assert_eq!(fields[&Key::from("status")].as_bytes(), Some(&poison[..]));
    assert_eq!(fields[&Key::from("cause")].as_str().as_deref(), Some("unreadable"));
    assert_eq!(fields[&Key::from("entry")].as_str().as_deref(), Some(read[0].id.as_str()));
}

#[tokio::test]
async fn a_dead_letter_is_listed_and_can_be_replayed_once() {
    let (_server, client, stream) = redis();
    let letters = RedisDeadLetters::new(guarded(client.clone()));
    assert_eq!(letters.list(10).await.expect("list"), []);
    assert_eq!(letters.count().await.expect("count"), 0);
    let wanted = event(1);
    stream.append(std::slice::from_ref(&wanted)).await.expect("append");
    client
        .xadd::<(), _, _, _, _>(keys::EVENTS, false, None, "*", ("status", "poison"))
        .await
        .expect("xadd");
    let read = stream.read("a", 10, NOW).await.expect("read");
    for delivery in &read {
        stream.bury(delivery, "the owner is unknown").await.expect("bury");
    }
    let dead = letters.list(10).await.expect("list");
    assert_eq!(letters.count().await.expect("count"), 2);
    assert_eq!(
        (dead[0].event.as_ref(), dead[0].cause.as_str(), dead[0].deliveries),
        (Some(&wanted), "the owner is unknown", 1)
    );
    assert_eq!(dead[1].event, None);
    let replays = [(&dead[0], true), (&dead[0], false), (&dead[1], false)];
    for (letter, back) in replays {
        assert_eq!(letters.replay(&letter.entry).await.expect("replay"), back, "{letter:?}");
    }
    let read = stream.read("a", 10, NOW).await.expect("read");
    assert_eq!(
        read.iter().map(|delivery| delivery.event.as_ref()).collect::<Vec<_>>(),
        [Some(&wanted)]
    );
    assert_eq!(
        letters.list(10).await.expect("list"),
        [dead[1].clone()],
        "what cannot be read stays for a look at it"
    );
}

#[tokio::test]
async fn only_consumers_that_are_idle_and_hold_nothing_are_forgotten() {
    let (_server, client, stream) = redis();
    stream.append(&[event(1), event(2)]).await.expect("append");
    stream.read("holder", 1, NOW).await.expect("read");
    let read = stream.read("gone", 1, NOW).await.expect("read");
    stream.acknowledge(&entries(&read)).await.expect("acknowledge");
    let script = include_str!("../../../src/adapters/redis/lua/forget_consumers.lua");
    for (idle, forgotten) in [(3_600_000, 0), (0, 1), (0, 0)] {
        let args = vec![keys::EVENTS_GROUP.to_owned(), idle.to_string()];
        assert_eq!(
            client.eval::<i64, _, _, _>(script, keys::EVENTS, args).await.expect("eval"),
            forgotten
        );
    }
    assert_eq!(
        stream.claim("alive", after(NOW), 1).await.expect("claim").len(),
        1,
        "the holder's entry is not lost"
    );
}

#[tokio::test]
async fn a_full_stream_takes_nothing_and_loses_nothing() {
    let (_server, _client, stream) = redis();
    let stream = stream.with_capacity(3);
    stream.read("a", 1, NOW).await.expect("read");
    let events: Vec<_> = (0..3).map(event).collect();
    assert_eq!(stream.append(&events).await.expect("append"), Appended::All);
    assert_eq!(stream.append(&[event(9)]).await.expect("append"), Appended::Full);
    let read = stream.read("a", 10, NOW).await.expect("read");
    let got: Vec<_> = read.iter().filter_map(|entry| entry.event.clone()).collect();
    assert_eq!(got, events);
    stream.acknowledge(&entries(&read)).await.expect("acknowledge");
    stream.trim().await.expect("trim");
    assert_eq!(stream.append(&[event(9)]).await.expect("append"), Appended::All);
}

#[tokio::test]
async fn entries_that_somebody_else_removes_are_noticed_by_every_pod() {
    let (_server, client, stream) = redis();
    let other = RedisEventStream::new(guarded(client.clone()), client.clone());
    stream.read("a", 1, NOW).await.expect("read");
    stream.append(&[event(1), event(2)]).await.expect("append");
    let read = stream.read("a", 1, NOW).await.expect("read");
    stream.acknowledge(&entries(&read)).await.expect("acknowledge");
    let trim = async || {
        for stream in [&stream, &other] {
            stream.trim().await.expect("trim");
            stream.trim().await.expect("trim");
        }
        (*stream.resets().borrow(), *other.resets().borrow())
    };
    let before = trim().await;
    assert_eq!(before, (1, 0), "what was read is removed, and that is no loss");
    client.xtrim::<(), _, _>(keys::EVENTS, ("MAXLEN", "=", 0_i64)).await.expect("xtrim");
    assert_eq!(trim().await, (2, 1));
    assert_eq!(trim().await, (2, 1));
}

#[tokio::test]
async fn an_event_carries_ids_only() {
    let (_server, client, stream) = redis();
    stream.append(&[event(2)]).await.expect("append");
    let found: Vec<Entry> =
        client.xrange_values(keys::EVENTS, "-", "+", None).await.expect("xrange");
    let mut names: Vec<_> = found[0].1.keys().filter_map(|key| key.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "correlationId",
        "eventId",
        "name",
        "occurredAt",
        "orderId",
        "orderVersion",
        "status",
        "traceParent",
        "version",
    ];
    assert_eq!(names, expected);
    assert_eq!(found[0].1[&Key::from("name")].as_str().as_deref(), Some("order.processed"));
}

#[tokio::test]
async fn a_flushed_stream_comes_back_and_its_loss_is_reported_once() {
    let (_server, client, stream) = redis();
    let other = RedisEventStream::new(guarded(client.clone()), client.clone());
    stream.read("a", 1, NOW).await.expect("read");
    other.read("b", 1, NOW).await.expect("read");
    assert_eq!(
        (*stream.resets().borrow(), *other.resets().borrow()),
        (1, 0),
        "the group was made once"
    );
    client.flushall::<()>(false).await.expect("flushall");
    let wanted = event(1);
    stream.append(std::slice::from_ref(&wanted)).await.expect("append");
    assert_eq!(stream.claim("a", after(NOW), 1).await.expect("claim"), []);
    let read = stream.read("a", 10, NOW).await.expect("read");
    assert_eq!(
        read[0].event.as_ref(),
        Some(&wanted),
        "what was appended before the group came back is read too"
    );
    assert_eq!(*stream.resets().borrow(), 2);
}

#[tokio::test]
async fn a_reader_that_waits_while_everything_is_flushed_goes_on() {
    let (_server, client, stream) = redis();
    stream.read("a", 1, NOW).await.expect("read");
    let wanted = event(1);
    let flush_and_append = async {
        tokio::task::yield_now().await;
        client.flushall::<()>(false).await.expect("flushall");
        stream.append(std::slice::from_ref(&wanted)).await.expect("append");
    };
    let (read, ()) = tokio::join!(stream.read("a", 1, SOON), flush_and_append);
    let mut read = read.expect("read");
    if read.is_empty() {
        read = until("the event", SOON, || async {
            stream.read("a", 1, SOON).await.ok().filter(|read| !read.is_empty())
        })
        .await;
    }
    assert_eq!(read[0].event.as_ref(), Some(&wanted));
}

#[tokio::test]
async fn a_server_that_hangs_fails_fast_and_is_used_again_when_it_wakes() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let (server, _client, stream) = redis();
    stream.read("a", 1, NOW).await.expect("read");
    let pid = Pid::from_raw(i32::try_from(server.pid()).expect("a pid"));
    kill(pid, Signal::SIGSTOP).expect("stop");
    let start = Instant::now();
    let appended = stream.append(&[event(1)]).await.expect_err("nobody answers");
    assert!(appended.is_transient(), "{appended}");
    assert!(start.elapsed() < Duration::from_millis(1_500), "took {:?}", start.elapsed());
    let read = stream.read("a", 1, Duration::from_millis(200)).await.expect_err("nobody answers");
    assert!(read.is_transient(), "{read}");
    kill(pid, Signal::SIGCONT).expect("continue");
    let wanted = event(2);
    until("the server to take events again", SOON, || async {
        stream.append(std::slice::from_ref(&wanted)).await.ok()
    })
    .await;
    until("the event", SOON, || async {
        // The read of the connection that was given up may have taken it: then it comes again.
        let read = stream.read("a", 10, NOW).await.ok()?;
        let again = stream.claim("a", after(NOW), 10).await.ok()?;
        let mut entries = read.iter().chain(&again);
        entries.any(|entry| entry.event.as_ref() == Some(&wanted)).then_some(())
    })
    .await;
}
