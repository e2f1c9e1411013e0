use std::sync::Arc;

use async_trait::async_trait;

use super::Guard;
use crate::domain::{
    CorrelationId, EventId, Order, OrderCursor, OrderId, OrderSnapshot, Page, PageOf, UserId,
};
use crate::ports::{
    AdvanceOrder, Advanced, NewOrder, OrderFilter, OrderStore, Placed, Removed, RequeueOrder,
    RequeuedOrder, StoreError,
};

/// Orders behind a guard.
pub struct GuardedOrders {
    inner: Arc<dyn OrderStore>,
    guard: Arc<Guard>,
}

impl GuardedOrders {
    /// Guards `inner`.
    pub fn new(inner: Arc<dyn OrderStore>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl OrderStore for GuardedOrders {
    async fn place(&self, order: NewOrder) -> Result<Placed, StoreError> {
        self.guard.call(self.inner.place(order)).await
    }

    async fn advance(&self, step: AdvanceOrder) -> Result<Advanced, StoreError> {
        self.guard.call(self.inner.advance(step)).await
    }

    async fn requeue(&self, order: RequeueOrder) -> Result<RequeuedOrder, StoreError> {
        self.guard.call(self.inner.requeue(order)).await
    }

    async fn find(&self, owner: &UserId, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.guard.call(self.inner.find(owner, id)).await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        page: Page,
    ) -> Result<PageOf<Order>, StoreError> {
        self.guard.call(self.inner.list(owner, filter, page)).await
    }

    async fn list_after(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        after: OrderCursor,
        size: u32,
    ) -> Result<Vec<Order>, StoreError> {
        self.guard.call(self.inner.list_after(owner, filter, after, size)).await
    }

    async fn snapshot(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<OrderSnapshot>, StoreError> {
        self.guard.call(self.inner.snapshot(correlation_id)).await
    }

    async fn snapshot_by_id(
        &self,
        owner: &UserId,
        id: OrderId,
    ) -> Result<Option<OrderSnapshot>, StoreError> {
        self.guard.call(self.inner.snapshot_by_id(owner, id)).await
    }

    async fn remove(
        &self,
        owner: &UserId,
        id: OrderId,
        event_id: EventId,
    ) -> Result<Removed, StoreError> {
        self.guard.call(self.inner.remove(owner, id, event_id)).await
    }

    async fn forget_idempotency(&self, limit: usize) -> Result<u64, StoreError> {
        self.guard.call(self.inner.forget_idempotency(limit)).await
    }
}
