//! From an invocation to its completion: method table, argument binding, error texts.

mod arguments;
mod caller;
mod error;
mod hub;
mod invoke;

pub use arguments::Arguments;
pub use caller::Caller;
pub use error::HubError;
pub(super) use error::InvokeError;
pub use hub::{Hub, HubBuilder};
pub(super) use invoke::{HubDispatcher, connected};
