//! JSON as clients see it, in the names of D10.

mod number;
mod order;
mod page;
mod product;
mod report;
mod session;
mod status;
mod stock;

pub(super) use order::{OrderDto, OrdersAfterDto, OrdersDto, PlaceOrderBody};
pub(super) use page::PageDto;
pub(super) use product::{BillingPeriodDto, ProductDto};
pub(super) use report::{DayOrdersDto, ReportDto, StatusCountDto, VendorRevenueDto};
pub(super) use session::SessionDto;
pub(super) use status::{OrderStatusDto, StatusDto};
pub(super) use stock::StockBody;
