//! Everything that runs inside one test process.

mod api;
mod contract;
mod jobs;
mod ops;
mod resilience;
mod signalr;
mod support;
