//! Ports inside one process, for the roles that run without Redis.

mod wakeup;

pub use wakeup::LocalWakeup;
