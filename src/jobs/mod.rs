//! Background jobs: the engine, then our definitions.

pub mod definitions;
pub mod engine;
