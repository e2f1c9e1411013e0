//! Events from their commit to the user's tabs (X-05, X-11, R-08, D5a, V-10, V-11).

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use contoso_shop::delivery::{
    DeliveryStatus, DirectSink, EventSink, Handover, OutboxRelay, Redelivery, StreamSink,
};
use contoso_shop::domain::OrderStatus::{Accepted, Completed, Processing};
use contoso_shop::domain::{
    CorrelationId, EventId, Order, OrderEvent, OrderId, OrderVersion, Timestamp,
};
use contoso_shop::ports::EventStream;
use tokio_util::sync::DropGuard;

use super::fakes::{FakeNotifier, FakeStream};
use super::following::{Following, follow};
use super::rig::{DEADLINE, options};
use super::shop::{Shop, until_dropped};
use crate::support::wait::until;

/// A relay that finds everything in the outbox.
fn relay(shop: &Shop, sink: impl EventSink + 'static) -> DropGuard {
    let (stop, guard) = until_dropped();
    let (_, handed) = Handover::new();
    tokio::spawn(
        OutboxRelay::new(shop.rig.stores.outbox.clone(), Arc::new(sink), handed).run(stop),
    );
    guard
}

fn to_stream(stream: &Arc<FakeStream>) -> StreamSink {
    StreamSink::new(stream.clone(), DeliveryStatus::default())
}

fn event_of(order: &Order, version: u32) -> OrderEvent {
    let status = [Accepted, Processing, Completed][version as usize - 1];
    OrderEvent {
        event_id: EventId::generate(),
        correlation_id: order.correlation_id,
        order_id: order.id,
        status,
        version: OrderVersion::new(version),
        occurred_at: order.created_at,
        trace_parent: None,
    }
}

fn event_of_nobody() -> OrderEvent {
    OrderEvent {
        event_id: EventId::generate(),
        correlation_id: CorrelationId::generate(),
        order_id: OrderId(1_000),
        status: Completed,
        version: OrderVersion::new(3),
        occurred_at: Timestamp::from_micros(0),
        trace_parent: None,
    }
}

async fn published(shop: &Shop) {
    until("an empty outbox", DEADLINE, || async {
        (shop.rig.stores.outbox.backlog().await.expect("backlog").pending == 0).then_some(())
    })
    .await;
}

async fn settled(stream: &FakeStream) {
    until("an empty stream", DEADLINE, || async { (stream.open() == 0).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_stream_the_relay_tells_the_tabs_itself() {
    let shop = Shop::new().await;
    let _relay = relay(&shop, DirectSink(shop.deliver()));
    let worker = shop.work(Duration::ZERO, options(4));
    let mut orders = Vec::new();
    for _ in 0..20 {
        orders.push(shop.order("AZ-700", 1).await);
    }
    for order in &orders {
        shop.becomes(order, Completed).await;
    }
    published(&shop).await;
    worker.stop().await;
    for order in &orders {
        assert_eq!(shop.notifier.statuses(order.correlation_id), [Accepted, Processing, Completed]);
        assert_eq!(shop.notifier.versions(order.correlation_id), [1, 2, 3]);
    }
    assert!(
        shop.notifier.sent.lock().expect("sent").iter().all(|(user, _)| user.as_str() == "ann")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_commits_is_published_without_a_look_into_the_outbox() {
    let mut shop = Shop::with_handover(Duration::from_secs(3_600)).await;
    let (handover, handed) = Handover::new();
    shop.events = Arc::new(handover);
    let (stop, _guard) = until_dropped();
    let sink = Arc::new(DirectSink(shop.deliver()));
    tokio::spawn(OutboxRelay::new(shop.rig.stores.outbox.clone(), sink, handed).run(stop));
    let worker = shop.work(Duration::ZERO, options(4));
    let order = shop.order("AZ-700", 1).await;
    shop.becomes(&order, Completed).await;
    published(&shop).await;
    worker.stop().await;
    assert_eq!(shop.notifier.versions(order.correlation_id), [1, 2, 3]);

    // However slow the hub is.
    let order = shop.order("AZ-700", 1).await;
    let worker = shop.work(Duration::ZERO, options(1));
    shop.becomes(&order, Completed).await;
    worker.stop().await;
    shop.notifier.slow.store(true, SeqCst);
    let last = shop.events(&order).await.pop().expect("an event");
    shop.deliver().everywhere(&last).await.expect("delivered");
    assert_eq!(shop.notifier.versions(order.correlation_id), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_dies_before_it_marks_repeats_the_event_and_nobody_hears_it_twice() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    let order = shop.order("AZ-700", 1).await;
    let worker = shop.work(Duration::ZERO, options(1));
    shop.becomes(&order, Completed).await;
    worker.stop().await;
    // This relay appends and dies.
    let entries =
        shop.rig.stores.outbox.claim(10, Duration::from_millis(50)).await.expect("claimed");
    let events: Vec<_> = entries.into_iter().map(|entry| entry.event).collect();
    assert_eq!(events.len(), 3);
    stream.append(&events).await.expect("appended");

    let _relay = relay(&shop, to_stream(&stream));
    published(&shop).await;
    assert_eq!(stream.open(), 6, "every event is there twice");
    let _following = follow(&shop, &stream).await;
    settled(&stream).await;
    assert_eq!(shop.notifier.statuses(order.correlation_id), [Accepted, Processing, Completed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_a_stream_that_is_out_or_full() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    stream.fails.store(true, SeqCst);
    let _relay = relay(&shop, to_stream(&stream));
    let order = shop.order("AZ-700", 1).await;
    let worker = shop.work(Duration::ZERO, options(1));
    shop.becomes(&order, Completed).await;
    worker.stop().await;
    stream.full.store(true, SeqCst);
    stream.fails.store(false, SeqCst);
    until("the stream to refuse", DEADLINE, || async {
        (stream.refused.load(SeqCst) > 0).then_some(())
    })
    .await;
    assert_eq!(stream.open(), 0);
    assert_eq!(shop.rig.stores.outbox.backlog().await.expect("backlog").pending, 3);
    stream.full.store(false, SeqCst);
    published(&shop).await;
    assert_eq!(stream.open(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_comes_from_sql_when_the_copy_is_gone_and_the_copy_is_made_anew() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 1).await;
    shop.copy.orders.lock().expect("copy").clear();
    shop.deliver().everywhere(&event_of(&order, 1)).await.expect("delivered");
    assert_eq!(shop.notifier.sent.lock().expect("sent")[0].0, order.user);
    assert_eq!(shop.copy.get(order.correlation_id).expect("healed").order_id, order.id);

    // A copy that hangs is passed by.
    shop.copy.hangs.store(true, SeqCst);
    shop.deliver().everywhere(&event_of(&order, 2)).await.expect("delivered");
    assert_eq!(shop.notifier.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_early_brings_its_predecessors_from_the_outbox() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 1).await;
    let worker = shop.work(Duration::ZERO, options(1));
    shop.becomes(&order, Completed).await;
    worker.stop().await;
    let last = shop.events(&order).await.pop().expect("an event");
    assert_eq!(last.version.number(), 3);
    shop.deliver().everywhere(&last).await.expect("delivered");
    assert_eq!(shop.notifier.versions(order.correlation_id), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_before_redis_lost_its_memory_is_not_told_again() {
    let mut shop = Shop::new().await;
    shop.notifier = Arc::new(FakeNotifier::remembering(Duration::from_millis(500)));
    let order = shop.order("AZ-700", 1).await;
    let worker = shop.work(Duration::ZERO, options(1));
    shop.becomes(&order, Completed).await;
    worker.stop().await;
    let last = shop.events(&order).await.pop().expect("an event");
    shop.deliver().everywhere(&last).await.expect("delivered");
    assert_eq!(shop.notifier.versions(order.correlation_id), [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_predecessor_is_nowhere_is_told_all_the_same() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 1).await;
    shop.deliver().everywhere(&event_of(&order, 1)).await.expect("delivered");
    shop.deliver().everywhere(&event_of(&order, 3)).await.expect("delivered");
    assert_eq!(shop.notifier.versions(order.correlation_id), [1, 3], "one is skipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_dead_consumer_are_taken_over() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    let order = shop.order("AZ-700", 1).await;
    stream.put(Some(event_of(&order, 1)), 1);
    assert_eq!(stream.read("dead", 10, Duration::ZERO).await.expect("read").len(), 1);
    let _following = follow(&shop, &stream).await;
    settled(&stream).await;
    assert_eq!(shop.notifier.statuses(order.correlation_id), [Accepted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_goes_on_while_nothing_can_be_taken_over() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    stream.no_claims.store(true, SeqCst);
    let _following = follow(&shop, &stream).await;
    let order = shop.order("AZ-700", 1).await;
    stream.put(Some(event_of(&order, 1)), 1);
    settled(&stream).await;
    assert_eq!(shop.notifier.statuses(order.correlation_id), [Accepted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_other_pods_cannot_be_reached_an_event_is_told_here_and_kept_for_them() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    let order = shop.order("AZ-700", 1).await;
    shop.notifier.fails.store(true, SeqCst);
    let _following = follow(&shop, &stream).await;
    stream.put(Some(event_of(&order, 1)), Redelivery::default().most + 1);
    until("the tab to hear", DEADLINE, || async { (shop.notifier.count() == 1).then_some(()) })
        .await;
    assert_eq!(stream.open(), 1, "an outage is no poison, however often it was delivered");
    assert!(stream.buried.lock().expect("buried").is_empty());
    shop.notifier.fails.store(false, SeqCst);
    settled(&stream).await;
    assert_eq!(shop.notifier.versions(order.correlation_id), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_belongs_to_nobody_is_buried_and_holds_up_nothing() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    let order = shop.order("AZ-700", 1).await;
    stream.put(None, 1);
    stream.put(Some(event_of_nobody()), 5);
    stream.put(Some(event_of(&order, 1)), 1);
    let _following = follow(&shop, &stream).await;
    settled(&stream).await;
    assert_eq!(shop.notifier.statuses(order.correlation_id), [Accepted]);
    let buried = stream.buried.lock().expect("buried");
    let causes: Vec<_> = buried.iter().map(|(_, cause)| cause.as_str()).collect();
    assert_eq!(causes, ["the entry cannot be read", "the event's order is unknown"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_settles_what_was_read() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    let Following { stop, task, .. } = follow(&shop, &stream).await;
    let order = shop.order("AZ-700", 1).await;
    stream.put(Some(event_of(&order, 1)), 1);
    stop.cancel();
    tokio::time::timeout(DEADLINE, task).await.expect("in time").expect("no panic");
    assert!(stream.pending.lock().expect("pending").is_empty());
}
