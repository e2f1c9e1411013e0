use std::sync::Arc;

use crate::domain::{Order, Page, PageOf, UserId};
use crate::ports::{OrderFilter, OrderStore, StoreError};

/// Shows a customer's orders, newest first.
pub struct ListOrders {
    orders: Arc<dyn OrderStore>,
}

impl ListOrders {
    /// The use case over this port.
    pub fn new(orders: Arc<dyn OrderStore>) -> Self {
        Self { orders }
    }

    /// A part of the user's own orders.
    pub async fn run(
        &self,
        user: &UserId,
        filter: &OrderFilter,
        page: Page,
    ) -> Result<PageOf<Order>, StoreError> {
        self.orders.list(user, filter, page).await
    }
}
