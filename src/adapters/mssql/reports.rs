use std::sync::Arc;

use async_trait::async_trait;
use tiberius::Row;

use super::database::MssqlDatabase;
use super::row::{Cells, odd};
use super::unit::{self, Unit};
use crate::domain::{Day, DayOrders, Money, OrderStatus, StatusCount, Timestamp, VendorRevenue};
use crate::ports::{Reports, StoreError};

/// Reports over the connections with `ApplicationIntent=ReadOnly`, where there are any
/// (S1-Scale-3b).
pub(super) struct MssqlReports {
    database: Arc<MssqlDatabase>,
}

impl MssqlReports {
    pub(super) fn new(database: Arc<MssqlDatabase>) -> Self {
        Self { database }
    }

    async fn rows<T>(
        &self,
        unit: &Unit,
        from: Timestamp,
        to: Timestamp,
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.database.run(unit, &[&from.micros, &to.micros]).await?.read(0, read)
    }
}

#[async_trait]
impl Reports for MssqlReports {
    async fn orders_per_day(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DayOrders>, StoreError> {
        self.rows(&unit::REPORT_ORDERS_PER_DAY, from, to, |row| {
            Ok(DayOrders {
                day: Day(row.cell("Day")?),
                orders: row.count("Orders")?,
                total: Money::from_cents(row.cell("Cents")?),
            })
        })
        .await
    }

    async fn revenue_by_vendor(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<VendorRevenue>, StoreError> {
        self.rows(&unit::REPORT_REVENUE_BY_VENDOR, from, to, |row| {
            let revenue = Money::from_cents(row.cell("Cents")?);
            Ok(VendorRevenue {
                vendor: row.text("Vendor")?,
                orders: row.count("Orders")?,
                pieces: row.count("Pieces")?,
                revenue,
            })
        })
        .await
    }

    async fn status_counts(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<StatusCount>, StoreError> {
        self.rows(&unit::REPORT_STATUS_COUNTS, from, to, |row| {
            let status =
                OrderStatus::from_word(row.cell("Status")?).ok_or_else(|| odd("Status"))?;
            Ok(StatusCount { status, orders: row.count("Orders")? })
        })
        .await
    }
}
