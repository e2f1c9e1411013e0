//! Ports inside one process, for the roles that run without Redis.

mod status_copy;
mod wakeup;

pub use status_copy::MemoryStatusCopy;
pub use wakeup::LocalWakeup;
