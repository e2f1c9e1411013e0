//! What is shared and fast.

mod agreement;
mod backplane;
mod client;
mod dead_letters;
mod error;
mod event_fields;
mod event_stream;
mod guarded_client;
mod health;
pub mod keys;
mod locks;
mod rate_limiter;
mod script;
mod sessions;
mod shared_cache;
mod status_copy;
mod subscriber;
mod subscriptions;
mod tls;
mod wakeup;

pub use agreement::Agreement;
pub use backplane::RedisBackplane;
pub use client::command_client;
pub use dead_letters::RedisDeadLetters;
pub use error::store_error;
pub use event_stream::RedisEventStream;
pub use guarded_client::GuardedClient;
pub use health::RedisHealth;
pub use locks::RedisLocks;
pub use rate_limiter::RedisRateLimiter;
pub use sessions::RedisSessions;
pub use shared_cache::RedisSharedCache;
pub use status_copy::RedisStatusCopy;
pub use subscriber::Dialer;
pub use subscriptions::{Listener, News, Subscriptions};
pub use wakeup::RedisWakeup;
