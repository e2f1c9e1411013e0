//! Our jobs: thin, they call `app`.

mod order_accepted;

pub use order_accepted::OrderAccepted;
