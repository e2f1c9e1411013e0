//! The job engine over the real SQLite store, and the use cases it runs.

mod attempts;
mod bridging;
mod chaos;
mod delivery_model;
mod event_flow;
mod fakes;
mod faulty_store;
mod following;
mod hints;
mod order_flow;
mod outages;
mod probe;
mod rig;
mod shop;
mod stopping;
mod takeover;
