//! Everything that runs inside one test process.

// clippy allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

mod api;
mod contract;
mod jobs;
mod mssql;
mod ops;
mod resilience;
mod signalr;
mod support;
