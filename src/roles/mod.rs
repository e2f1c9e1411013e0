//! Wiring by hand: which parts run in a process, on what they stand, and in which order they start and stop. The only module that
//! knows everything.

mod commons;
mod error;
mod hub;
mod identity;
mod migrate;
mod serve;
mod shared;
mod stores;
mod token;
mod web;
mod worker;

pub use error::StartError;
pub use migrate::migrate;
pub use serve::serve;
pub use token::{TokenRequest, token};
