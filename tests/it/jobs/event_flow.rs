//! Events from the outbox to the user's tabs (X-05, X-11, R-08, V-10, V-11).

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use contoso_shop::app::{
    ConsumeEvents, DirectSink, EventPath, EventSink, Redelivery, RelayOutbox, StreamSink,
};
use contoso_shop::domain::OrderStatus::{Completed, Processing};
use contoso_shop::domain::{CorrelationId, EventId, OrderEvent, OrderId, Timestamp};
use contoso_shop::ports::EventStream;
use tokio_util::sync::DropGuard;

use super::fakes::FakeStream;
use super::rig::{DEADLINE, options};
use super::shop::{Shop, until_dropped};
use crate::support::wait::until;

fn relay(shop: &Shop, sink: impl EventSink + 'static) -> DropGuard {
    let (stop, guard) = until_dropped();
    tokio::spawn(
        RelayOutbox::new(shop.rig.stores.outbox.clone(), shop.rig.wakeup.clone(), Arc::new(sink))
            .run(stop),
    );
    guard
}

fn consume(shop: &Shop, stream: &Arc<FakeStream>, name: &str) -> DropGuard {
    let (stop, guard) = until_dropped();
    tokio::spawn(
        ConsumeEvents::new(
            stream.clone(),
            shop.deliver(),
            name,
            Redelivery::default(),
            EventPath::default(),
        )
        .run(stop),
    );
    guard
}

fn event_of_nobody() -> OrderEvent {
    OrderEvent {
        event_id: EventId::generate(),
        correlation_id: CorrelationId::generate(),
        order_id: OrderId(1),
        status: Completed,
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
        assert_eq!(shop.notifier.statuses(order.correlation_id), [Processing, Completed]);
    }
    assert!(
        shop.notifier.sent.lock().expect("sent").iter().all(|(user, _)| user.as_str() == "ann")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_dies_before_it_marks_repeats_the_event_and_the_consumer_drops_it() {
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
    assert_eq!(events.len(), 2);
    stream.append(&events).await.expect("appended");

    let _relay = relay(&shop, StreamSink(stream.clone()));
    published(&shop).await;
    assert_eq!(stream.open(), 4, "both events are there twice");
    let _consumer = consume(&shop, &stream, "a");
    settled(&stream).await;
    assert_eq!(shop.notifier.statuses(order.correlation_id), [Processing, Completed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_a_stream_that_is_out() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    stream.fails.store(true, SeqCst);
    let _relay = relay(&shop, StreamSink(stream.clone()));
    let order = shop.order("AZ-700", 1).await;
    let worker = shop.work(Duration::ZERO, options(1));
    shop.becomes(&order, Completed).await;
    worker.stop().await;
    assert_eq!(stream.open(), 0);
    stream.fails.store(false, SeqCst);
    published(&shop).await;
    assert_eq!(stream.open(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_comes_from_sql_when_the_copy_is_gone_and_the_copy_is_made_anew() {
    let shop = Shop::new().await;
    let order = shop.order("AZ-700", 1).await;
    shop.copy.orders.lock().expect("copy").clear();
    let event = OrderEvent { correlation_id: order.correlation_id, ..event_of_nobody() };
    shop.deliver().run(&event).await.expect("delivered");
    assert_eq!(shop.notifier.sent.lock().expect("sent")[0].0, order.user);
    assert_eq!(shop.copy.get(order.correlation_id).expect("healed").order_id, order.id);

    // A copy that hangs is passed by.
    shop.copy.hangs.store(true, SeqCst);
    shop.deliver().run(&event).await.expect("delivered");
    assert_eq!(shop.notifier.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_dead_consumer_are_taken_over() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    let order = shop.order("AZ-700", 1).await;
    stream.put(Some(OrderEvent { correlation_id: order.correlation_id, ..event_of_nobody() }), 1);
    assert_eq!(stream.read("dead", 10, Duration::ZERO).await.expect("read").len(), 1);
    let _consumer = consume(&shop, &stream, "alive");
    settled(&stream).await;
    assert_eq!(shop.notifier.statuses(order.correlation_id), [Completed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_sent_stays_and_comes_again() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    let order = shop.order("AZ-700", 1).await;
    shop.notifier.fails.store(true, SeqCst);
    let _consumer = consume(&shop, &stream, "a");
    stream.put(Some(OrderEvent { correlation_id: order.correlation_id, ..event_of_nobody() }), 1);
    until("the entry to be read", DEADLINE, || async {
        (stream.new.lock().expect("new").is_empty()).then_some(())
    })
    .await;
    assert_eq!(stream.open(), 1);
    shop.notifier.fails.store(false, SeqCst);
    settled(&stream).await;
    assert_eq!(shop.notifier.statuses(order.correlation_id), [Completed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_belongs_to_nobody_is_buried_and_holds_up_nothing() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    let order = shop.order("AZ-700", 1).await;
    stream.put(None, 1);
    stream.put(Some(event_of_nobody()), 5);
    stream.put(Some(OrderEvent { correlation_id: order.correlation_id, ..event_of_nobody() }), 1);
    let _consumer = consume(&shop, &stream, "a");
    settled(&stream).await;
    assert_eq!(shop.notifier.statuses(order.correlation_id), [Completed]);
    let buried = stream.buried.lock().expect("buried");
    let causes: Vec<_> = buried.iter().map(|(_, cause)| cause.as_str()).collect();
    assert_eq!(causes, ["the entry cannot be read", "the event's order is unknown"]);
}
