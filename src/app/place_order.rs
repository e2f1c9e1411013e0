use std::sync::Arc;
use std::time::Duration;

use super::AfterCommit;
use super::in_flight::InFlight;
use super::order_job::{ORDER_ACCEPTED_JOB, OrderJobArgs};
use crate::domain::{CorrelationId, EventId, Order, OrderDraft, QueueName, Sku, UserId};
use crate::ports::{
    IdempotencyKey, NewJob, NewOrder, OrderStore, OutboxEntry, Placed, Shortage, StoreError,
};

/// A customer's wish to buy.
#[derive(Debug, Clone)]
pub struct PlaceOrderRequest {
    /// Who buys.
    pub user: UserId,
    /// What.
    pub draft: OrderDraft,
    /// Guards against a repeated request.
    pub idempotency: Option<IdempotencyKey>,
    /// The trace the order belongs to.
    pub trace_parent: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum PlaceOrderOutcome {
    /// Accepted: order and job are committed.
    Accepted {
        /// The order.
        order: Order,
        /// Whether its status was copied to where pods look first; if not, they ask the system of
        /// record.
        copied: bool,
    },
    /// The same request came before: this is the order as it was accepted.
    Replayed(Order),
    /// The same request is being worked on in this process right now.
    StillRunning,
    /// The key was used for another wish.
    KeyReused,
    /// These products are not for sale.
    UnknownProducts(Vec<Sku>),
    /// There is not enough of these products.
    OutOfStock(Vec<Shortage>),
}

/// Checkout: commits an order together with the job that processes it (S2-C1-2).
pub struct PlaceOrder {
    orders: Arc<dyn OrderStore>,
    after_commit: AfterCommit,
    attempts: u32,
    in_flight: InFlight,
}

impl PlaceOrder {
    /// The use case over these ports; an order's job may be started `attempts` times before the
    /// order is given up.
    pub fn new(orders: Arc<dyn OrderStore>, after_commit: AfterCommit, attempts: u32) -> Self {
        Self { orders, after_commit, attempts, in_flight: InFlight::default() }
    }

    /// Accepts the order. Once this says `Accepted`, no crash loses it.
    pub async fn run(&self, request: PlaceOrderRequest) -> Result<PlaceOrderOutcome, StoreError> {
        let PlaceOrderRequest { user, draft, idempotency, trace_parent } = request;
        let _running = match &idempotency {
            None => None,
            Some(key) => match self.in_flight.begin(&user, &key.key) {
                None => return Ok(PlaceOrderOutcome::StillRunning),
                running => running,
            },
        };
        let correlation_id = CorrelationId::generate();
        let args =
            serde_json::to_value(OrderJobArgs { correlation_id }).map_err(StoreError::fault)?;
        let job = NewJob {
            queue: QueueName::orders(),
            kind: ORDER_ACCEPTED_JOB.to_owned(),
            args: args.to_string(),
            delay: Duration::ZERO,
            max_attempts: self.attempts,
            unique_key: None,
            trace_parent,
        };
        let event_id = EventId::generate();
        let order = NewOrder { correlation_id, user, draft, idempotency, event_id, job };
        let placed = self.orders.place(order).await?;
        Ok(match placed {
            Placed::Created(order, entry) => self.accepted(order, entry).await,
            Placed::Replayed(order) => PlaceOrderOutcome::Replayed(order),
            Placed::KeyReused => PlaceOrderOutcome::KeyReused,
            Placed::UnknownProducts(products) => PlaceOrderOutcome::UnknownProducts(products),
            Placed::OutOfStock(short) => PlaceOrderOutcome::OutOfStock(short),
        })
    }

    /// The worker is woken before the copy is written: the copy's guard of versions makes their
    /// order irrelevant.
    async fn accepted(&self, order: Order, entry: OutboxEntry) -> PlaceOrderOutcome {
        self.after_commit.hint_jobs();
        self.after_commit.committed(entry);
        let copied = self.after_commit.copy(&order.snapshot()).await;
        tracing::info!(correlationId = %order.correlation_id, orderId = %order.id, copied, "order accepted");
        PlaceOrderOutcome::Accepted { order, copied }
    }
}
