use std::sync::Arc;

use async_trait::async_trait;

use super::database::SqliteDatabase;
use super::orders::status;
use super::statement::all;
use crate::domain::{Day, DayOrders, Money, StatusCount, Timestamp, VendorRevenue};
use crate::ports::{Reports, StoreError};

/// Readers never wait for the writer, so reports need no connection of their own.
pub(super) struct SqliteReports {
    database: Arc<SqliteDatabase>,
}

impl SqliteReports {
    pub(super) fn new(database: Arc<SqliteDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Reports for SqliteReports {
    async fn orders_per_day(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DayOrders>, StoreError> {
        let span = (from.micros, to.micros);
        self.database
            .read(move |connection| {
                Ok(all(connection, sql!("report_orders_per_day"), span, |row| {
                    Ok(DayOrders {
                        day: Day(row.get(0)?),
                        orders: row.get(1)?,
                        total: Money::from_cents(row.get(2)?),
                    })
                })?)
            })
            .await
    }

    async fn revenue_by_vendor(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<VendorRevenue>, StoreError> {
        let span = (from.micros, to.micros);
        self.database
            .read(move |connection| {
                Ok(all(connection, sql!("report_revenue_by_vendor"), span, |row| {
                    let revenue = Money::from_cents(row.get(3)?);
                    Ok(VendorRevenue {
                        vendor: row.get(0)?,
                        orders: row.get(1)?,
                        pieces: row.get(2)?,
                        revenue,
                    })
                })?)
            })
            .await
    }

    async fn status_counts(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<StatusCount>, StoreError> {
        let span = (from.micros, to.micros);
        self.database
            .read(move |connection| {
                Ok(all(connection, sql!("report_status_counts"), span, |row| {
                    Ok(StatusCount { status: status(row, 0)?, orders: row.get(1)? })
                })?)
            })
            .await
    }
}
