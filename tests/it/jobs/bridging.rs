//! Events while they cannot come the usual way (R-20, S2-G-2).

use std::time::Duration;

use contoso_shop::app::{BridgeOutage, EventPath};
use contoso_shop::domain::OrderStatus::{Completed, Processing};
use contoso_shop::domain::{CorrelationId, OrderStatus};
use tokio_util::sync::DropGuard;

use super::rig::{DEADLINE, options};
use super::shop::{Shop, until_dropped};
use crate::support::wait::until;

fn bridge(shop: &Shop, path: &EventPath) -> DropGuard {
    let (stop, guard) = until_dropped();
    let (stores, copy, notifier) = (&shop.rig.stores, shop.copy.clone(), shop.notifier.clone());
    let bridge = BridgeOutage::new(
        stores.outbox.clone(),
        stores.orders.clone(),
        copy,
        notifier,
        path.clone(),
    );
    tokio::spawn(bridge.run(stop));
    guard
}

async fn told(shop: &Shop, order: CorrelationId, wanted: &[OrderStatus]) {
    until("the tabs to be told", DEADLINE, || async {
        (shop.notifier.statuses(order) == wanted).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_cannot_be_read_is_bridged_and_the_outbox_left_alone() {
    let shop = Shop::new().await;
    let path = EventPath::default();
    let _bridge = bridge(&shop, &path);
    let worker = shop.work(Duration::ZERO, options(4));
    // Long ago, as far as the bridge can know: its first note of the outbox's end comes after.
    let first = shop.order("AZ-700", 1).await;
    shop.becomes(&first, Completed).await;
    path.stream(false);
    let second = shop.order("AZ-700", 1).await;
    shop.becomes(&second, Completed).await;
    told(&shop, second.correlation_id, &[Processing, Completed]).await;
    let third = shop.order("AZ-700", 1).await;
    told(&shop, third.correlation_id, &[Processing, Completed]).await;
    let backlog = shop.rig.stores.outbox.backlog().await.expect("backlog");
    assert_eq!(backlog.pending, 6, "the relay will bring all of them again");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_in_a_gap_is_told_afterwards() {
    let shop = Shop::new().await;
    let path = EventPath::default();
    // Unheard for a moment, so that the bridge has begun when the event is written.
    path.fan_out(false);
    let _bridge = bridge(&shop, &path);
    let order = shop.order("AZ-700", 1).await;
    let worker = shop.work(Duration::ZERO, options(1));
    told(&shop, order.correlation_id, &[Processing, Completed]).await;
    path.fan_out(true);
    path.gap();
    let next = shop.order("AZ-700", 1).await;
    shop.becomes(&next, Completed).await;
    path.gap();
    told(&shop, next.correlation_id, &[Processing, Completed]).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_is_told_once_however_often_the_outbox_is_looked_into() {
    let shop = Shop::new().await;
    let path = EventPath::default();
    path.stream(false);
    let _bridge = bridge(&shop, &path);
    let worker = shop.work(Duration::ZERO, options(4));
    for _ in 0..5 {
        let order = shop.order("AZ-700", 1).await;
        told(&shop, order.correlation_id, &[Processing, Completed]).await;
    }
    assert_eq!(shop.notifier.count(), 10);
    worker.stop().await;
}
