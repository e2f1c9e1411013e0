use std::time::Duration;

use async_trait::async_trait;

use super::{Lease, NewJob, OutboxEntry, StoreError};
use crate::domain::{
    CorrelationId, EventId, JobId, Order, OrderCursor, OrderDraft, OrderId, OrderSnapshot,
    OrderStatus, Page, PageOf, Sku, Timestamp, Transition, UserId,
};

/// A client's `Idempotency-Key` and what it stood for. Scope: the user and this route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The header's value.
    pub key: String,
    /// Digest of the request body.
    pub fingerprint: [u8; 32],
}

/// An order to be accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct NewOrder {
    /// Its workflow id.
    pub correlation_id: CorrelationId,
    /// Whose it is; the customer row is made on first use.
    pub user: UserId,
    /// What is wanted.
    pub draft: OrderDraft,
    /// Guards against a repeated request.
    pub idempotency: Option<IdempotencyKey>,
    /// Id of the event that is written with the order.
    pub event_id: EventId,
    /// The job that processes it, stored in the same transaction.
    pub job: NewJob,
}

/// What became of a new order.
#[derive(Debug, Clone, PartialEq)]
pub enum Placed {
    /// Stored, with its job and its event.
    Created(Order, OutboxEntry),
    /// The key was used for the same body before: this is the order of then, with the status it was
    /// accepted with.
    Replayed(Order),
    /// The key was used for another body.
    KeyReused,
    /// These products are unknown, inactive or deleted; nothing was stored.
    UnknownProducts(Vec<Sku>),
    /// There is not enough of these products; nothing was stored.
    OutOfStock(Vec<Shortage>),
}

/// A product of which less is left than an order asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// Which product.
    pub product: Sku,
    /// Pieces left.
    pub left: u32,
}

/// A status change.
#[derive(Debug, Clone, PartialEq)]
pub struct AdvanceOrder {
    /// Which order.
    pub correlation_id: CorrelationId,
    /// Which move.
    pub transition: Transition,
    /// Why, for the history; never shown to clients.
    pub reason: Option<String>,
    /// The job attempt that asks; the move is refused when its lease is lost.
    pub lease: Option<Lease>,
    /// The job whose failure is the cause; the move is refused when it is not among the failed jobs
    /// any more.
    pub failed_job: Option<JobId>,
    /// Id of the event that is written with the move.
    pub event_id: EventId,
    /// The trace the event belongs to.
    pub trace_parent: Option<String>,
}

/// What became of a status change.
#[derive(Debug, Clone, PartialEq)]
pub enum Advanced {
    /// Done; history row and this outbox entry are committed with it.
    Applied(OrderSnapshot, OutboxEntry),
    /// It had been done before; nothing was written.
    Already(OrderSnapshot),
    /// Illegal from where the order stands, or its job has not failed; nothing was written.
    Refused(OrderSnapshot),
    /// Completing an order that the release before accepted needs more pieces of this product than
    /// there are; nothing was written.
    Shortage(Sku),
    /// Completing found that the lines no longer add up to the accepted total, or a product is no
    /// longer sold; nothing was written.
    PriceMismatch,
    /// The lease was lost; nothing was written.
    LeaseLost,
    /// No such order.
    NotFound,
}

/// An order that nobody will finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StuckOrder {
    /// The order.
    pub correlation_id: CorrelationId,
    /// Its job, which failed.
    pub job: JobId,
}

/// A failed order to be processed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequeueOrder {
    /// Which order.
    pub correlation_id: CorrelationId,
    /// The failed job that processes it.
    pub job: JobId,
    /// Id of the event that is written with the move.
    pub event_id: EventId,
}

/// What became of a failed order that is to be processed again.
#[derive(Debug, Clone, PartialEq)]
pub enum RequeuedOrder {
    /// It is accepted again, with this outbox entry, and its job is due.
    Done(OrderSnapshot, OutboxEntry),
    /// It has not failed; nothing was written.
    NotFailed(OrderStatus),
    /// There is not enough of this product any more; nothing was written.
    Shortage(Sku),
    /// The job is not among the failed ones; nothing was written.
    JobNotFailed,
    /// No such order.
    NotFound,
}

/// Narrows a list of orders.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrderFilter {
    /// Only orders that stand here.
    pub status: Option<OrderStatus>,
    /// Only orders accepted at this instant or later.
    pub from: Option<Timestamp>,
    /// Only orders accepted before this instant.
    pub to: Option<Timestamp>,
}

/// What became of a deletion.
#[derive(Debug, Clone, PartialEq)]
pub enum Removed {
    /// It was not finished: it is `Cancelled`, with this outbox entry, and hidden from now on.
    Cancelled(OrderSnapshot, OutboxEntry),
    /// It is finished and stays as it is.
    Finished(OrderStatus),
    /// It belongs to somebody else, and the caller is a known customer.
    NotOwner,
    /// No such order.
    NotFound,
}

/// Orders in the system of record. Every method is one unit of work: it commits whole or not at
/// all.
///
/// Deleted orders are invisible except to [`OrderStore::snapshot`] and [`OrderStore::advance`].
#[async_trait]
pub trait OrderStore: Send + Sync {
    /// Stores order, lines, history, event, job and idempotency record together. Prices and names
    /// are taken from the catalogue now and frozen on the lines, and the pieces from stock (D9a). Two
    /// requests with one key store one order, however close they come.
    async fn place(&self, order: NewOrder) -> Result<Placed, StoreError>;

    /// Makes the move if it is legal, writing history and outbox with it. An order that fails gives
    /// its pieces back to the stock.
    async fn advance(&self, step: AdvanceOrder) -> Result<Advanced, StoreError>;

    /// Accepts a failed order again and makes its failed job due, with history and outbox entry; the pieces
    /// are taken from stock again.
    async fn requeue(&self, order: RequeueOrder) -> Result<RequeuedOrder, StoreError>;

    /// The owner's order; `None` when it is unknown, deleted or somebody else's.
    async fn find(&self, owner: &UserId, id: OrderId) -> Result<Option<Order>, StoreError>;

    /// The owner's orders, newest first (`created_at`, then id, both descending). Counts them all.
    async fn list(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        page: Page,
    ) -> Result<PageOf<Order>, StoreError>;

    /// Up to `size` of the owner's orders that follow a place, in the same order. Costs the same however
    /// many there are, but for those that a status leaves out.
    async fn list_after(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        after: OrderCursor,
        size: u32,
    ) -> Result<Vec<Order>, StoreError>;

    /// Where an order stands, whoever owns it: the caller checks the owner.
    async fn snapshot(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<OrderSnapshot>, StoreError>;

    /// The owner's order's status by row number; `None` as in [`OrderStore::find`].
    async fn snapshot_by_id(
        &self,
        owner: &UserId,
        id: OrderId,
    ) -> Result<Option<OrderSnapshot>, StoreError>;

    /// Cancels and hides an order that is not finished, with history and outbox entry; its pieces go
    /// back to the stock.
    async fn remove(
        &self,
        owner: &UserId,
        id: OrderId,
        event_id: EventId,
    ) -> Result<Removed, StoreError>;

    /// Forgets up to `limit` idempotency records older than 24 h. Returns how many.
    async fn forget_idempotency(&self, limit: usize) -> Result<u64, StoreError>;

    /// Up to `limit` orders that are not finished, did not change for `quiet`, and whose job has
    /// failed. It may be requeued meanwhile: see [`AdvanceOrder::failed_job`].
    async fn stuck(&self, quiet: Duration, limit: usize) -> Result<Vec<StuckOrder>, StoreError>;
}
