use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::domain::{
    CorrelationId, EventId, Order, OrderCursor, OrderId, OrderSnapshot, Page, PageOf, UserId,
};
use crate::ports::{
    AdvanceOrder, Advanced, NewOrder, OrderFilter, OrderStore, Placed, Removed, RequeueOrder,
    RequeuedOrder, StoreError,
};

/// Orders that tell when one of them was changed through here, after the commit.
pub struct WatchedOrders {
    inner: Arc<dyn OrderStore>,
    changed: Arc<Notify>,
}

impl WatchedOrders {
    /// Watches `inner`; `changed` keeps one permit for a listener that is busy.
    pub fn new(inner: Arc<dyn OrderStore>, changed: Arc<Notify>) -> Self {
        Self { inner, changed }
    }
}

#[async_trait]
impl OrderStore for WatchedOrders {
    async fn place(&self, order: NewOrder) -> Result<Placed, StoreError> {
        let placed = self.inner.place(order).await?;
        if matches!(placed, Placed::Created(..)) {
            self.changed.notify_one();
        }
        Ok(placed)
    }

    async fn advance(&self, step: AdvanceOrder) -> Result<Advanced, StoreError> {
        let advanced = self.inner.advance(step).await?;
        if matches!(advanced, Advanced::Applied(..)) {
            self.changed.notify_one();
        }
        Ok(advanced)
    }

    async fn requeue(&self, order: RequeueOrder) -> Result<RequeuedOrder, StoreError> {
        let requeued = self.inner.requeue(order).await?;
        if matches!(requeued, RequeuedOrder::Done(..)) {
            self.changed.notify_one();
        }
        Ok(requeued)
    }

    async fn find(&self, owner: &UserId, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.inner.find(owner, id).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        page: Page,
    ) -> Result<PageOf<Order>, StoreError> {
        self.inner.list(owner, filter, page).await
    }

    async fn list_after(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        after: OrderCursor,
        size: u32,
    ) -> Result<Vec<Order>, StoreError> {
        self.inner.list_after(owner, filter, after, size).await
    }

    async fn snapshot(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<OrderSnapshot>, StoreError> {
        self.inner.snapshot(correlation_id).await
    }

    async fn snapshot_by_id(
        &self,
        owner: &UserId,
        id: OrderId,
    ) -> Result<Option<OrderSnapshot>, StoreError> {
        self.inner.snapshot_by_id(owner, id).await
    }

    async fn remove(
        &self,
        owner: &UserId,
        id: OrderId,
        event_id: EventId,
    ) -> Result<Removed, StoreError> {
        let removed = self.inner.remove(owner, id, event_id).await?;
        if matches!(removed, Removed::Cancelled(..)) {
            self.changed.notify_one();
        }
        Ok(removed)
    }

    async fn forget_idempotency(&self, limit: usize) -> Result<u64, StoreError> {
        self.inner.forget_idempotency(limit).await
    }

    async fn stuck(&self, quiet: Duration, limit: usize) -> Result<Vec<CorrelationId>, StoreError> {
        self.inner.stuck(quiet, limit).await
    }
}
