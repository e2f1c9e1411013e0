use std::sync::Arc;

use super::FollowUp;
use crate::domain::{EventId, OrderId, UserId};
use crate::ports::{OrderStore, Removed, StoreError, Topic};

/// Deletes an order softly, cancelling it when no worker has taken it.
pub struct CancelOrder {
    orders: Arc<dyn OrderStore>,
    follow_up: FollowUp,
}

impl CancelOrder {
    /// The use case over these ports.
    pub fn new(orders: Arc<dyn OrderStore>, follow_up: FollowUp) -> Self {
        Self { orders, follow_up }
    }

    /// Deletes the order `id` for `user`. The tabs are told of a cancellation through the outbox.
    pub async fn run(&self, user: &UserId, id: OrderId) -> Result<Removed, StoreError> {
        let removed = self.orders.remove(user, id, EventId::generate()).await?;
        if let Removed::Done(Some(cancelled)) = &removed {
            self.follow_up.hint(Topic::Outbox);
            self.follow_up.copy(cancelled).await;
            tracing::info!(correlationId = %cancelled.correlation_id, orderId = %cancelled.order_id, "order cancelled");
        }
        Ok(removed)
    }
}
