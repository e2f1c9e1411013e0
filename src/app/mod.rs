//! Use cases: domain and ports only. HTTP, hub methods and jobs call them alike.

mod cancel_order;
mod consume_events;
mod deliver_events;
mod event_sink;
mod follow_up;
mod get_order;
mod get_order_status;
mod in_flight;
mod list_orders;
mod list_products;
mod place_order;
mod process_order;
mod prune_finished;
mod recent_events;
mod register_order;
mod relay_outbox;
mod under_lock;

pub use cancel_order::CancelOrder;
pub use consume_events::ConsumeEvents;
pub use deliver_events::{DeliverError, DeliverEvents, Delivered};
pub use event_sink::{DirectSink, EventSink, StreamSink};
pub use follow_up::FollowUp;
pub use get_order::GetOrder;
pub use get_order_status::{GetOrderStatus, StatusView};
pub use list_orders::ListOrders;
pub use list_products::ListProducts;
pub use place_order::{ORDER_ACCEPTED_JOB, PlaceOrder, PlaceOrderOutcome, PlaceOrderRequest};
pub use process_order::{ProcessOrder, ProcessOrderError, ProcessOrderRequest};
pub use prune_finished::PruneFinished;
pub use register_order::{RegisterOrder, Registered};
pub use relay_outbox::RelayOutbox;
pub use under_lock::{Locked, under_lock};
