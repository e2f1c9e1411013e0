//! Wiring by hand: which parts run in a process, on what they stand, and in which order they start
//! and stop. The only module that knows everything.

mod components;
mod dead_letters;
mod error;
mod failed_jobs;
mod hub;
mod identity;
mod migrate;
mod relay;
mod requeue;
mod serve;
mod shared_state;
mod stock;
mod stores;
mod text_table;
mod token;
mod web;
mod worker;

pub use dead_letters::{DeadLetterRequest, dead_letters};
pub use error::StartError;
pub use failed_jobs::{FailedJobs, failed_jobs};
pub use migrate::migrate;
pub use serve::serve;
pub use stock::{Pieces, ProductId, StockRequest, stock};
pub use token::{TokenCommand, token};
