//! One connection: the state machine that decides, the queue that bounds, the pump that moves
//! bytes.

mod close;
mod handle;
mod heard;
mod machine;
mod outbox;
mod pump;

pub use close::CloseCause;
pub use handle::{Connection, ConnectionId, Delivery, Hearing};
pub use machine::{Event, Machine};
pub use outbox::{Outbox, Pushed};
pub(in crate::signalr) use pump::{Received, Surroundings, TransportReader, TransportWriter, run};
