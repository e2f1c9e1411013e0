//! JSON as clients see it, in the names of requirements 2.1.

mod order;
mod page;
mod product;
mod session;
mod status;

pub(super) use order::{OrderDto, PlaceOrderBody};
pub(super) use page::PageDto;
pub(super) use product::{BillingPeriodDto, ProductDto};
pub(super) use session::SessionDto;
pub(super) use status::{OrderStatusDto, StatusDto};
