//! The job engine over the real SQLite store, and the use cases it runs.

mod attempts;
mod faulty_store;
mod hints;
mod outages;
mod probe;
mod rig;
mod stopping;
mod takeover;
