//! A pod that follows events, with switches for what may go wrong on their way.

use std::sync::Arc;
use std::time::Duration;

use contoso_shop::delivery::{
    DeliveryStatus, FollowEvents, Interruptions, OutboxPositions, Redelivery, StreamConsumer,
};
use contoso_shop::signalr::backplane::BackplaneState;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::fakes::FakeStream;
use super::shop::Shop;

/// A running [`FollowEvents`]; it is told to stop at the end of the test.
pub struct Following {
    pub backplane: watch::Sender<BackplaneState>,
    pub resets: watch::Sender<u64>,
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
    _ends_with_the_test: DropGuard,
}

/// Follows `stream`, and the shop's outbox while it cannot.
pub async fn follow(shop: &Shop, stream: &Arc<FakeStream>) -> Following {
    let (backplane, heard) = watch::channel(BackplaneState::Connected(1));
    let (resets, made_anew) = watch::channel(0);
    let stop = CancellationToken::new();
    let outbox = shop.rig.stores.outbox.clone();
    let positions = OutboxPositions::begin(&*outbox).await;
    tokio::spawn(positions.clone().keep(outbox.clone(), stop.clone()));
    let redelivery = Redelivery::new(Duration::from_millis(200), Redelivery::default().most);
    let consumer = StreamConsumer::new(stream.clone(), shop.deliver(), "a".to_owned(), redelivery);
    let follow = FollowEvents::new(
        consumer,
        outbox,
        shop.deliver(),
        positions,
        Interruptions { backplane: heard, resets: made_anew },
        DeliveryStatus::default(),
    );
    let task = tokio::spawn(follow.run(stop.clone()));
    Following { backplane, resets, _ends_with_the_test: stop.clone().drop_guard(), stop, task }
}
