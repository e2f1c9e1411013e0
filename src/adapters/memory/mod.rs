//! Ports inside one process, for the roles that run without Redis.

mod locks;
mod rate_limiter;
mod sessions;
mod status_copy;
mod wakeup;

pub use locks::MemoryLocks;
pub use rate_limiter::MemoryRateLimiter;
pub use sessions::MemorySessions;
pub use status_copy::MemoryStatusCopy;
pub use wakeup::LocalWakeup;
