//! The HTTP API over a real server and a real SQLite file.

mod answer;
mod declared;
mod degraded;
mod doubles;
mod every_operation;
mod headers;
mod idempotency;
mod key_pair;
mod key_server;
mod key_source;
mod orders;
mod overload;
mod ownership;
mod pages;
mod problems;
mod products;
mod rate_limits;
mod reports;
mod server;
mod session;
mod status;
mod tokens;
