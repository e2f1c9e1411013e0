//! Events while they cannot come over the stream (R-20, S2-G-2).

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use contoso_shop::domain::CorrelationId;
use contoso_shop::domain::OrderStatus::Completed;
use contoso_shop::signalr::backplane::BackplaneState;

use super::fakes::FakeStream;
use super::following::follow;
use super::rig::{DEADLINE, options};
use super::shop::Shop;
use crate::support::wait::until;

async fn told(shop: &Shop, order: CorrelationId) {
    until("the tab to hear every version", DEADLINE, || async {
        (shop.notifier.versions(order) == [1, 2, 3]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_stream_cannot_be_read_the_outbox_is_and_it_is_left_alone() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    let _following = follow(&shop, &stream).await;
    let worker = shop.work(Duration::ZERO, options(4));
    stream.unreadable.store(true, SeqCst);
    for _ in 0..5 {
        let order = shop.order("AZ-700", 1).await;
        told(&shop, order.correlation_id).await;
    }
    let backlog = shop.rig.stores.outbox.backlog().await.expect("backlog");
    assert_eq!(backlog.pending, 15, "the relay will bring all of them again, for other pods");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_pods_sent_while_they_were_not_heard_is_told_afterwards() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    let following = follow(&shop, &stream).await;
    following.backplane.send_replace(BackplaneState::Disconnected);
    let worker = shop.work(Duration::ZERO, options(1));
    let order = shop.order("AZ-700", 1).await;
    told(&shop, order.correlation_id).await;
    following.backplane.send_replace(BackplaneState::Connected(2));
    // One that is lost in a gap nobody saw begin.
    let next = shop.order("AZ-700", 1).await;
    shop.becomes(&next, Completed).await;
    following.backplane.send_replace(BackplaneState::Connected(3));
    told(&shop, next.correlation_id).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_with_the_stream_is_told_from_the_outbox() {
    let shop = Shop::new().await;
    let stream = Arc::new(FakeStream::default());
    let following = follow(&shop, &stream).await;
    let worker = shop.work(Duration::ZERO, options(1));
    let order = shop.order("AZ-700", 1).await;
    shop.becomes(&order, Completed).await;
    following.resets.send_modify(|count| *count += 1);
    told(&shop, order.correlation_id).await;
    worker.stop().await;
}
