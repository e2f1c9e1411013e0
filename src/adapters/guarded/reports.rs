use std::sync::Arc;

use async_trait::async_trait;

use super::Guard;
use crate::domain::{DayOrders, StatusCount, Timestamp, VendorRevenue};
use crate::ports::{Reports, StoreError};

/// Reports behind a guard.
pub struct GuardedReports {
    inner: Arc<dyn Reports>,
    guard: Arc<Guard>,
}

impl GuardedReports {
    /// Guards `inner`.
    pub fn new(inner: Arc<dyn Reports>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl Reports for GuardedReports {
    async fn orders_per_day(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DayOrders>, StoreError> {
        self.guard.call(self.inner.orders_per_day(from, to)).await
    }

    async fn revenue_by_vendor(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<VendorRevenue>, StoreError> {
        self.guard.call(self.inner.revenue_by_vendor(from, to)).await
    }

    async fn status_counts(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<StatusCount>, StoreError> {
        self.guard.call(self.inner.status_counts(from, to)).await
    }
}
