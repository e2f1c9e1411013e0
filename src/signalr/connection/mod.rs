//! One connection as everybody holds it: who it is, what it heard, what it is sent and why it ends.

mod close;
mod handle;
mod heard;
mod send_queue;

pub use close::CloseCause;
pub use handle::{Connection, ConnectionId, Delivery, Hearing};
pub use send_queue::{Pushed, SendQueue};
