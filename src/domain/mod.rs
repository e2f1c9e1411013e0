//! The centre of the house: values and rules of the shop. No async, no IO, no clock.

mod correlation;
mod event;
mod ids;
mod job;
mod money;
mod order;
mod order_cursor;
mod order_status;
mod order_version;
mod page;
mod product;
mod report;
mod session;
mod timestamp;
mod transition;

pub use correlation::CorrelationId;
pub use event::{EventId, OrderEvent};
pub use ids::{JobId, OrderId, ServerId, UserId};
pub use job::{JobState, QueueName, QueueNameError};
pub use money::Money;
pub use order::{DraftError, DraftLine, Order, OrderDraft, OrderLine, OrderSnapshot};
pub use order_cursor::OrderCursor;
pub use order_status::OrderStatus;
pub use order_version::OrderVersion;
pub use page::{Page, PageOf};
pub use product::{BillingPeriod, Product, Sku};
pub use report::{Day, DayOrders, StatusCount, VendorRevenue};
pub use session::{CartLine, Session};
pub use timestamp::Timestamp;
pub use transition::{Transition, Verdict};
