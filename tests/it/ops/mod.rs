//! Settings, lifecycle and what operators see.

mod config;
mod drain_marker;
mod endpoints;
mod health;
#[cfg(unix)]
mod signals;
mod stop;
