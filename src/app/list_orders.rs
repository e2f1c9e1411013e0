use std::sync::Arc;

use crate::domain::{Order, OrderCursor, Page, PageOf, UserId};
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

    /// Up to `size` of the user's own orders that follow a place, and the place to go on from; `None`
    /// at the end.
    pub async fn after(
        &self,
        user: &UserId,
        filter: &OrderFilter,
        after: OrderCursor,
        size: u32,
    ) -> Result<(Vec<Order>, Option<OrderCursor>), StoreError> {
        let mut orders = self.orders.list_after(user, filter, after, size + 1).await?;
        let is_more = orders.len() > size as usize;
        orders.truncate(size as usize);
        let next = orders.last().filter(|_| is_more).map(OrderCursor::at);
        Ok((orders, next))
    }
}
