//! Use cases: domain and ports only. HTTP, hub methods and jobs call them alike.

mod after_commit;
mod cached;
mod cancel_order;
mod get_order;
mod get_order_status;
mod in_flight;
mod list_orders;
mod list_products;
mod place_order;
mod process_order;
mod prune_finished;
mod recurring;
mod register_order;
mod reports;
mod sessions;
mod sweep_stuck;
mod under_lock;

pub use after_commit::AfterCommit;
pub use cached::Copied;
pub use cancel_order::CancelOrder;
pub use get_order::GetOrder;
pub use get_order_status::{GetOrderStatus, StatusView};
pub use list_orders::ListOrders;
pub use list_products::ListProducts;
pub use place_order::{ORDER_ACCEPTED_JOB, PlaceOrder, PlaceOrderOutcome, PlaceOrderRequest};
pub use process_order::{ProcessOrder, ProcessOrderError, ProcessOrderRequest};
pub use prune_finished::PruneFinished;
pub use recurring::{Recurring, RecurringTask};
pub use register_order::{RegisterOrder, Registered};
pub use reports::{ReadReports, Report, ReportSpan, keep_reports_fresh};
pub use sessions::{SessionSaved, UserSessions};
pub use sweep_stuck::SweepStuck;
pub use under_lock::{Locked, under_lock};
