//! The order flow's use cases over one store.

use std::sync::Arc;
use std::time::Duration;

use contoso_shop::app::{
    AfterCommit, PlaceOrder, PlaceOrderOutcome, PlaceOrderRequest, ProcessOrder, RequeueJob,
};
use contoso_shop::delivery::DeliverEvent;
use contoso_shop::domain::{Order, OrderDraft, OrderEvent, OrderStatus, UserId};
use contoso_shop::jobs::definitions::OrderAccepted;
use contoso_shop::jobs::engine::{JobRegistry, ServerOptions};
use contoso_shop::ports::CommittedEvents;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::fakes::{FakeCopy, FakeNotifier, LeftToTheOutbox};
use super::rig::{DEADLINE, Rig, Served};
use crate::support::wait::until;

pub struct Shop {
    pub rig: Rig,
    pub copy: Arc<FakeCopy>,
    pub notifier: Arc<FakeNotifier>,
    /// Takes what is committed.
    pub events: Arc<dyn CommittedEvents>,
}

impl Shop {
    pub async fn new() -> Self {
        Self::with_handover(Duration::ZERO).await
    }

    pub async fn with_handover(handover: Duration) -> Self {
        Self {
            rig: Rig::with_handover(handover).await,
            copy: Arc::default(),
            notifier: Arc::new(FakeNotifier::remembering(Duration::from_secs(3_600))),
            events: Arc::new(LeftToTheOutbox),
        }
    }

    pub async fn order(&self, sku: &str, pieces: i64) -> Order {
        let request = PlaceOrderRequest {
            user: UserId::new("ann"),
            draft: OrderDraft::parse([(sku, pieces)]).expect("draft"),
            idempotency: None,
            trace_parent: None,
        };
        match PlaceOrder::new(self.rig.stores.orders.clone(), self.after_commit(), 5)
            .run(request)
            .await
            .expect("placed")
        {
            PlaceOrderOutcome::Accepted { order, .. } => order,
            other => panic!("expected an accepted order, got {other:?}"),
        }
    }

    pub fn process(&self, processing_time: Duration) -> ProcessOrder {
        ProcessOrder::new(
            self.rig.stores.orders.clone(),
            self.copy.clone(),
            self.after_commit(),
            processing_time,
        )
    }

    pub fn work(&self, processing_time: Duration, options: ServerOptions) -> Served {
        let kinds = JobRegistry::new().with(OrderAccepted(self.process(processing_time)));
        self.rig.serve_kinds(self.rig.stores.jobs.clone(), kinds, options)
    }

    pub fn requeue(&self) -> RequeueJob {
        let stores = &self.rig.stores;
        RequeueJob::new(stores.jobs.clone(), stores.orders.clone(), self.after_commit())
    }

    fn after_commit(&self) -> AfterCommit {
        AfterCommit::new(self.copy.clone(), self.rig.wakeup.clone(), self.events.clone())
    }

    pub fn deliver(&self) -> DeliverEvent {
        let stores = &self.rig.stores;
        DeliverEvent::new(
            stores.orders.clone(),
            self.copy.clone(),
            stores.outbox.clone(),
            self.notifier.clone(),
        )
    }

    pub async fn status(&self, order: &Order) -> OrderStatus {
        self.rig
            .stores
            .orders
            .snapshot(order.correlation_id)
            .await
            .expect("snapshot")
            .expect("known")
            .status
    }

    /// Waits until the order stands there.
    pub async fn becomes(&self, order: &Order, status: OrderStatus) {
        until(&format!("the order to be {status:?}"), DEADLINE, || async {
            (self.status(order).await == status).then_some(())
        })
        .await;
    }

    /// The events committed for an order, in their order.
    pub async fn events(&self, order: &Order) -> Vec<OrderEvent> {
        let all = self.rig.stores.outbox.read_after(0, 1000).await.expect("outbox");
        all.into_iter()
            .map(|entry| entry.event)
            .filter(|event| event.correlation_id == order.correlation_id)
            .collect()
    }

    /// Their statuses.
    pub async fn told(&self, order: &Order) -> Vec<OrderStatus> {
        self.events(order).await.iter().map(|event| event.status).collect()
    }
}

/// A token for something that runs until the test ends.
pub fn until_dropped() -> (CancellationToken, DropGuard) {
    let stop = CancellationToken::new();
    (stop.clone(), stop.drop_guard())
}
