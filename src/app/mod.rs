//! Use cases: domain and ports only. HTTP, hub methods and jobs call them alike.

mod cancel_order;
mod follow_up;
mod get_order;
mod get_order_status;
mod in_flight;
mod list_orders;
mod list_products;
mod place_order;
mod register_order;

pub use cancel_order::CancelOrder;
pub use follow_up::FollowUp;
pub use get_order::GetOrder;
pub use get_order_status::{GetOrderStatus, StatusView};
pub use list_orders::ListOrders;
pub use list_products::ListProducts;
pub use place_order::{ORDER_ACCEPTED_JOB, PlaceOrder, PlaceOrderOutcome, PlaceOrderRequest};
pub use register_order::{RegisterOrder, Registered};
