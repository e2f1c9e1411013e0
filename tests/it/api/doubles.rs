//! Ports that can be made to fail.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use contoso_shop::adapters::memory::MemorySessions;
use contoso_shop::domain::{
    CorrelationId, DayOrders, EventId, Order, OrderCursor, OrderId, OrderSnapshot, OrderStatus,
    Page, PageOf, Product, Sku, StatusCount, Timestamp, UserId, VendorRevenue,
};
use contoso_shop::ports::{
    AdvanceOrder, Advanced, CommittedEvents, CopiedStatus, NewOrder, OrderFilter, OrderStore,
    OutboxEntry, Placed, ProductStore, Removed, Reports, RequeueOrder, RequeuedOrder, Sessions,
    StatusCopy, StoreError, StuckOrder, Wakeup,
};
use tokio::sync::Notify;

/// How a port behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    Well,
    /// Says that it is out, for 7 s.
    Out,
    /// Says that something is wrong for good.
    Broken,
    /// Answers once it is let go.
    Held,
}

/// Lets a test decide how a port behaves.
pub struct Stage {
    mood: Mutex<Mood>,
    entered: AtomicUsize,
    passed: AtomicUsize,
    release: Notify,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            mood: Mutex::new(Mood::Well),
            entered: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
            release: Notify::new(),
        }
    }
}

impl Stage {
    pub fn set(&self, mood: Mood) {
        *self.mood.lock().expect("not poisoned") = mood;
        if mood != Mood::Held {
            self.release.notify_waiters();
        }
    }

    /// Calls that wait to be let go, now or earlier.
    pub fn entered(&self) -> usize {
        self.entered.load(Ordering::SeqCst)
    }

    /// Calls that went through.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    async fn pass(&self) -> Result<(), StoreError> {
        let released = self.release.notified();
        let mood = *self.mood.lock().expect("not poisoned");
        match mood {
            Mood::Well => {
                self.passed.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
            Mood::Out => {
                let source = "cannot connect to secret-host:1433".into();
                Err(StoreError::Unavailable { retry_after: Duration::from_millis(6_500), source })
            }
            Mood::Broken => Err(StoreError::fault("SELECT secret FROM secret-host failed")),
            Mood::Held => {
                self.entered.fetch_add(1, Ordering::SeqCst);
                released.await;
                Ok(())
            }
        }
    }
}

/// An order store behind a stage.
pub struct StagedOrders {
    pub inner: Arc<dyn OrderStore>,
    pub stage: Arc<Stage>,
}

#[async_trait]
impl OrderStore for StagedOrders {
    async fn place(&self, order: NewOrder) -> Result<Placed, StoreError> {
        self.stage.pass().await?;
        self.inner.place(order).await
    }
    async fn advance(&self, step: AdvanceOrder) -> Result<Advanced, StoreError> {
        self.inner.advance(step).await
    }
    async fn requeue(&self, order: RequeueOrder) -> Result<RequeuedOrder, StoreError> {
        self.stage.pass().await?;
        self.inner.requeue(order).await
    }

    async fn find(&self, owner: &UserId, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.stage.pass().await?;
        self.inner.find(owner, id).await
    }
    async fn list(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        page: Page,
    ) -> Result<PageOf<Order>, StoreError> {
        self.stage.pass().await?;
        self.inner.list(owner, filter, page).await
    }
    async fn list_after(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        after: OrderCursor,
        size: u32,
    ) -> Result<Vec<Order>, StoreError> {
        self.stage.pass().await?;
        self.inner.list_after(owner, filter, after, size).await
    }

    async fn snapshot(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<OrderSnapshot>, StoreError> {
        self.stage.pass().await?;
        self.inner.snapshot(correlation_id).await
    }
    async fn snapshot_by_id(
        &self,
        owner: &UserId,
        id: OrderId,
    ) -> Result<Option<OrderSnapshot>, StoreError> {
        self.stage.pass().await?;
        self.inner.snapshot_by_id(owner, id).await
    }
    async fn remove(
        &self,
        owner: &UserId,
        id: OrderId,
        event_id: EventId,
    ) -> Result<Removed, StoreError> {
        self.stage.pass().await?;
        self.inner.remove(owner, id, event_id).await
    }
    async fn forget_idempotency(&self, limit: usize) -> Result<u64, StoreError> {
        self.inner.forget_idempotency(limit).await
    }
    async fn stuck(&self, quiet: Duration, limit: usize) -> Result<Vec<StuckOrder>, StoreError> {
        self.inner.stuck(quiet, limit).await
    }
}

/// A catalogue behind a stage.
pub struct StagedProducts {
    pub inner: Arc<dyn ProductStore>,
    pub stage: Arc<Stage>,
}

#[async_trait]
impl ProductStore for StagedProducts {
    async fn list(&self, page: Page) -> Result<PageOf<Product>, StoreError> {
        self.stage.pass().await?;
        self.inner.list(page).await
    }
    async fn find(&self, sku: &Sku) -> Result<Option<Product>, StoreError> {
        self.stage.pass().await?;
        self.inner.find(sku).await
    }
    async fn stock_levels(&self) -> Result<Vec<(Sku, u32)>, StoreError> {
        self.stage.pass().await?;
        self.inner.stock_levels().await
    }
    async fn set_stock(&self, sku: &Sku, pieces: Option<u32>) -> Result<bool, StoreError> {
        self.stage.pass().await?;
        self.inner.set_stock(sku, pieces).await
    }
}

/// Reports behind a stage.
pub struct StagedReports {
    pub inner: Arc<dyn Reports>,
    pub stage: Arc<Stage>,
}

#[async_trait]
impl Reports for StagedReports {
    async fn orders_per_day(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DayOrders>, StoreError> {
        self.stage.pass().await?;
        self.inner.orders_per_day(from, to).await
    }
    async fn revenue_by_vendor(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<VendorRevenue>, StoreError> {
        self.stage.pass().await?;
        self.inner.revenue_by_vendor(from, to).await
    }
    async fn status_counts(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<StatusCount>, StoreError> {
        self.stage.pass().await?;
        self.inner.status_counts(from, to).await
    }
}

/// Sessions behind a stage.
pub struct StagedSessions {
    pub inner: MemorySessions,
    pub stage: Arc<Stage>,
}

#[async_trait]
impl Sessions for StagedSessions {
    async fn find(&self, user: &UserId) -> Result<Option<Bytes>, StoreError> {
        self.stage.pass().await?;
        self.inner.find(user).await
    }
    async fn save(&self, user: &UserId, session: Bytes) -> Result<(), StoreError> {
        self.stage.pass().await?;
        self.inner.save(user, session).await
    }
}

/// A status copy behind a stage.
#[derive(Default)]
pub struct StagedCopy {
    pub stage: Stage,
    pub entries: Mutex<HashMap<CorrelationId, CopiedStatus>>,
}

impl StagedCopy {
    /// What the copy says of an order.
    pub fn status(&self, correlation_id: &str) -> Option<OrderStatus> {
        let id = correlation_id.parse().expect("a correlation id");
        self.entries.lock().expect("not poisoned").get(&id).map(|order| order.status)
    }
}

#[async_trait]
impl StatusCopy for StagedCopy {
    async fn write(&self, snapshot: &OrderSnapshot) -> Result<(), StoreError> {
        self.stage.pass().await?;
        let mut entries = self.entries.lock().expect("not poisoned");
        entries.insert(snapshot.correlation_id, snapshot.into());
        Ok(())
    }
    async fn owner(&self, correlation_id: CorrelationId) -> Result<Option<UserId>, StoreError> {
        Ok(self.read(correlation_id).await?.map(|order| order.user))
    }
    async fn read(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<CopiedStatus>, StoreError> {
        self.stage.pass().await?;
        Ok(self.entries.lock().expect("not poisoned").get(&correlation_id).cloned())
    }
    async fn touch(&self, _: CorrelationId) -> Result<(), StoreError> {
        self.stage.pass().await
    }
}

/// Remembers what it was told.
#[derive(Default)]
pub struct Recorder {
    pub committed: Mutex<Vec<OutboxEntry>>,
    pub hints: AtomicUsize,
}

impl CommittedEvents for Recorder {
    fn committed(&self, entry: OutboxEntry) {
        self.committed.lock().expect("not poisoned").push(entry);
    }
}

#[async_trait]
impl Wakeup for Recorder {
    fn hint(&self) {
        self.hints.fetch_add(1, SeqCst);
    }
    async fn hinted(&self) {
        std::future::pending().await
    }
}
