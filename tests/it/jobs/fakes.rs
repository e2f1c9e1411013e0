//! Stand-ins for what is around the use cases, with switches for their failures.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use contoso_shop::domain::{
    CorrelationId, OrderEvent, OrderId, OrderSnapshot, OrderStatus, UserId,
};
use contoso_shop::ports::{
    Delivery, EventStream, NotifyError, OrderNotifier, StatusCopy, StoreError,
};
use tokio::sync::Notify;

/// A status copy; `hangs` makes every call wait for ever.
#[derive(Default)]
pub struct FakeCopy {
    pub hangs: AtomicBool,
    pub orders: Mutex<HashMap<CorrelationId, OrderSnapshot>>,
}

impl FakeCopy {
    async fn wire(&self) {
        if self.hangs.load(SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    pub fn get(&self, correlation_id: CorrelationId) -> Option<OrderSnapshot> {
        self.orders.lock().expect("copy").get(&correlation_id).cloned()
    }
}

#[async_trait]
impl StatusCopy for FakeCopy {
    async fn write(&self, snapshot: &OrderSnapshot) -> Result<(), StoreError> {
        self.wire().await;
        let mut orders = self.orders.lock().expect("copy");
        let kept = orders.entry(snapshot.correlation_id).or_insert_with(|| snapshot.clone());
        if kept.status.rank() < snapshot.status.rank() {
            kept.status = snapshot.status;
        }
        Ok(())
    }

    async fn owner(&self, correlation_id: CorrelationId) -> Result<Option<UserId>, StoreError> {
        self.wire().await;
        Ok(self.get(correlation_id).map(|order| order.user))
    }

    async fn read(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<(UserId, OrderId, OrderStatus)>, StoreError> {
        self.wire().await;
        Ok(self.get(correlation_id).map(|order| (order.user, order.order_id, order.status)))
    }

    async fn touch(&self, _correlation_id: CorrelationId) -> Result<(), StoreError> {
        self.wire().await;
        Ok(())
    }
}

/// Records what is sent; `fails` makes it refuse.
#[derive(Default)]
pub struct FakeNotifier {
    pub fails: AtomicBool,
    pub sent: Mutex<Vec<(UserId, OrderEvent)>>,
}

impl FakeNotifier {
    pub fn statuses(&self, correlation_id: CorrelationId) -> Vec<OrderStatus> {
        let sent = self.sent.lock().expect("sent");
        sent.iter()
            .filter(|(_, event)| event.correlation_id == correlation_id)
            .map(|(_, event)| event.status)
            .collect()
    }

    pub fn count(&self) -> usize {
        self.sent.lock().expect("sent").len()
    }
}

#[async_trait]
impl OrderNotifier for FakeNotifier {
    async fn notify(&self, user: &UserId, event: &OrderEvent) -> Result<(), NotifyError> {
        if self.fails.load(SeqCst) {
            return Err(NotifyError("on purpose".into()));
        }
        self.sent.lock().expect("sent").push((user.clone(), event.clone()));
        Ok(())
    }
}

/// A stream in memory. Every unacknowledged entry counts as idle.
#[derive(Default)]
pub struct FakeStream {
    pub fails: AtomicBool,
    pub new: Mutex<Vec<Delivery>>,
    pub pending: Mutex<Vec<Delivery>>,
    pub buried: Mutex<Vec<(Delivery, String)>>,
    arrived: Notify,
}

impl FakeStream {
    /// Appends an entry as it is.
    pub fn put(&self, event: Option<OrderEvent>, deliveries: u32) {
        let entry = uuid::Uuid::now_v7().to_string();
        self.new.lock().expect("new").push(Delivery { entry, event, deliveries });
        self.arrived.notify_one();
    }

    /// Entries that nobody has acknowledged.
    pub fn open(&self) -> usize {
        self.new.lock().expect("new").len() + self.pending.lock().expect("pending").len()
    }
}

#[async_trait]
impl EventStream for FakeStream {
    async fn append(&self, events: &[OrderEvent]) -> Result<(), StoreError> {
        if self.fails.load(SeqCst) {
            return Err(StoreError::unavailable("on purpose"));
        }
        events.iter().for_each(|event| self.put(Some(event.clone()), 1));
        Ok(())
    }

    async fn read(
        &self,
        _consumer: &str,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, StoreError> {
        if self.new.lock().expect("new").is_empty() {
            let _ = tokio::time::timeout(wait, self.arrived.notified()).await;
        }
        let mut new = self.new.lock().expect("new");
        let count = limit.min(new.len());
        let taken: Vec<_> = new.drain(..count).collect();
        self.pending.lock().expect("pending").extend(taken.iter().cloned());
        Ok(taken)
    }

    async fn claim(
        &self,
        _consumer: &str,
        _idle: Duration,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut pending = self.pending.lock().expect("pending");
        pending.iter_mut().for_each(|delivery| delivery.deliveries += 1);
        Ok(pending.iter().take(limit).cloned().collect())
    }

    async fn acknowledge(&self, entries: &[String]) -> Result<(), StoreError> {
        self.pending.lock().expect("pending").retain(|delivery| !entries.contains(&delivery.entry));
        Ok(())
    }

    async fn bury(&self, delivery: &Delivery, cause: &str) -> Result<(), StoreError> {
        self.buried.lock().expect("buried").push((delivery.clone(), cause.to_owned()));
        self.acknowledge(std::slice::from_ref(&delivery.entry)).await
    }
}
