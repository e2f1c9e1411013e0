//! Settings: one struct per section, layered loading, validation across sections.
//!
//! Embedded `config/default.toml` < `config/{environment}.toml` or `--config FILE` < environment
//! variables (`Section__Key`). The environment is passed in; nothing here reads it. All problems
//! are reported at once (D2).

pub mod ado_net;
mod connections;
mod drain;
mod duration;
mod events;
mod hangfire;
mod jobs;
mod jwt;
mod layers;
mod listen;
mod log;
mod problem;
mod rate_limits;
mod reader;
mod recurring;
mod redis;
mod redis_string;
mod resilience;
mod role;
mod secret;
mod settings;
mod signalr;
mod source;
mod store;
mod validate;
mod value;

pub use connections::ConnectionSettings;
pub use drain::DrainSettings;
pub use events::EventSettings;
pub use hangfire::HangfireSettings;
pub use jobs::JobSettings;
pub use jwt::{DevelopmentJwt, JwtSettings, ProductionJwt, SigningKey};
pub use layers::DEFAULTS;
pub use listen::{ListenSettings, OpsSettings};
pub use log::{LogFormat, LogSettings};
pub use problem::{ConfigProblem, Problems};
pub use rate_limits::RateLimitSettings;
pub use recurring::RecurringSettings;
pub use redis::{RedisSettings, RedisTopology};
pub use resilience::{BreakerLimits, ResilienceSettings};
pub use role::{Part, Parts, Role};
pub use secret::Secret;
pub use settings::Settings;
pub use signalr::SignalRSettings;
pub use source::{SettingsFile, load};
pub use store::StoreConnection;
