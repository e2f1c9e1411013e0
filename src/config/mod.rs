//! Settings: one struct per section, layered loading, validation across sections.

mod redis;

pub use redis::{RedisSettings, RedisTopology};
