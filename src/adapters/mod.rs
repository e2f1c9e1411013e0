//! One directory per technology; driver errors stop here.

mod fallback_rate_limiter;
mod guard;
pub mod installation_key;
pub mod jwks_http;
pub mod memory;
pub mod mssql;
pub mod redis;
pub mod sqlite;
mod tiered_cache;
mod watched_events;

pub use fallback_rate_limiter::FallbackRateLimiter;
pub use guard::{Guard, GuardSettings};
pub use tiered_cache::TieredCache;
pub use watched_events::WatchedEvents;
