use std::sync::Arc;

use super::AfterCommit;
use crate::domain::{EventId, OrderId, UserId};
use crate::ports::{OrderStore, Removed, StoreError};

/// Cancels an order that is not finished, and hides it.
pub struct CancelOrder {
    orders: Arc<dyn OrderStore>,
    after_commit: AfterCommit,
}

impl CancelOrder {
    /// The use case over these ports.
    pub fn new(orders: Arc<dyn OrderStore>, after_commit: AfterCommit) -> Self {
        Self { orders, after_commit }
    }

    /// Cancels the order `id` for `user`. A worker that has it finds its next move refused. The tabs
    /// are told through the outbox.
    pub async fn run(&self, user: &UserId, id: OrderId) -> Result<Removed, StoreError> {
        let removed = self.orders.remove(user, id, EventId::generate()).await?;
        if let Removed::Cancelled(cancelled, entry) = &removed {
            self.after_commit.committed(entry.clone());
            self.after_commit.copy(cancelled).await;
            tracing::info!(correlationId = %cancelled.correlation_id, orderId = %cancelled.order_id, "order cancelled");
        }
        Ok(removed)
    }
}
