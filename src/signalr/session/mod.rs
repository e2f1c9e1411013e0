//! What runs one connection: the state machine that decides, and the pump that moves bytes.

mod machine;
mod pump;

pub use machine::{Event, Machine};
pub(in crate::signalr) use pump::{
    ConnectionServices, Received, TransportReader, TransportWriter, run,
};
