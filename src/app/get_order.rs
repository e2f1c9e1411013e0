use std::sync::Arc;

use crate::domain::{Order, OrderId, UserId};
use crate::ports::{OrderStore, StoreError};

/// Shows one order to its owner.
pub struct GetOrder {
    orders: Arc<dyn OrderStore>,
}

impl GetOrder {
    /// The use case over this port.
    pub fn new(orders: Arc<dyn OrderStore>) -> Self {
        Self { orders }
    }

    /// The order; `None` when it is unknown, deleted or somebody else's, which a caller cannot tell
    /// apart.
    pub async fn run(&self, user: &UserId, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.orders.find(user, id).await
    }
}
