//! The job engine: fetch, run, acknowledge, recover. Knows nothing of orders.
//!
//! One [`JobServer`] per process announces itself in the store and keeps its sign of life going
//! (`heartbeat`). One loop hands finished attempts in and takes new jobs out in the same
//! transaction (`dispatcher`). Each job is a task of its own under one of `worker_count` permits
//! (`execution`). The store's fencing tokens decide who may finish a job: a server that was
//! declared dead changes nothing any more, however late it wakes up.

mod depth_gauges;
mod dispatcher;
mod execution;
mod fleet_health;
mod heartbeat;
mod job;
mod options;
mod registry;
mod server;

pub use depth_gauges::DepthGauges;
pub use fleet_health::FleetHealth;
pub use job::{Job, JobContext, JobError};
pub use options::ServerOptions;
pub use registry::JobRegistry;
pub use server::JobServer;
