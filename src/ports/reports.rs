use async_trait::async_trait;

use super::StoreError;
use crate::domain::{DayOrders, StatusCount, Timestamp, VendorRevenue};

/// Sums over orders accepted at `from` or later and before `to`. They are read where writing
/// is not disturbed, if the system of record has such a place (S1-Scale-3b).
#[async_trait]
pub trait Reports: Send + Sync {
    /// Days on which orders were accepted, in their order.
    async fn orders_per_day(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DayOrders>, StoreError>;

    /// Vendors whose products were sold, those that earned most first, then by name.
    async fn revenue_by_vendor(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<VendorRevenue>, StoreError>;

    /// Statuses at least one order has, in no particular order.
    async fn status_counts(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<StatusCount>, StoreError>;
}
