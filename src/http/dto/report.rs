use serde::Serialize;
use utoipa::ToSchema;

use super::OrderStatusDto;
use crate::app::Report;
use crate::domain::{DayOrders, Money, OrderStatus, StatusCount, VendorRevenue};

/// A report over whole days in UTC.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct ReportDto<T> {
    /// The first day, such as `2026-11-21`.
    #[schema(value_type = time::Date)]
    first_day: String,
    /// The last day: today.
    #[schema(value_type = time::Date)]
    last_day: String,
    /// Its lines.
    items: Vec<T>,
}

/// Orders accepted on one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DayOrders)]
pub(in crate::http) struct DayOrdersDto {
    #[schema(value_type = time::Date)]
    day: String,
    orders: u64,
    /// What they are worth, whatever became of them.
    #[schema(value_type = f64)]
    total: Money,
}

/// What completed orders brought one vendor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VendorRevenue)]
pub(in crate::http) struct VendorRevenueDto {
    vendor: String,
    orders: u64,
    pieces: u64,
    #[schema(value_type = f64)]
    revenue: Money,
}

/// Orders that stand somewhere.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatusCount)]
pub(in crate::http) struct StatusCountDto {
    #[schema(value_type = OrderStatusDto)]
    status: OrderStatus,
    orders: u64,
}

impl<S, T: From<S>> From<Report<S>> for ReportDto<T> {
    fn from(report: Report<S>) -> Self {
        let (first_day, last_day) = (report.span.first.to_string(), report.span.last.to_string());
        Self { first_day, last_day, items: report.lines.into_iter().map(T::from).collect() }
    }
}

impl From<DayOrders> for DayOrdersDto {
    fn from(line: DayOrders) -> Self {
        Self { day: line.day.to_string(), orders: line.orders, total: line.total }
    }
}

impl From<VendorRevenue> for VendorRevenueDto {
    fn from(line: VendorRevenue) -> Self {
        Self {
            vendor: line.vendor,
            orders: line.orders,
            pieces: line.pieces,
            revenue: line.revenue,
        }
    }
}

impl From<StatusCount> for StatusCountDto {
    fn from(line: StatusCount) -> Self {
        Self { status: line.status, orders: line.orders }
    }
}
