//! SignalR: hub protocol, connections, transports, fan-out. Knows nothing of orders.
//!
//! ```text
//! routes -> negotiate                      POST {path}/negotiate
//!        -> transports::websocket          GET {path}
//!             -> session::pump  <->  session::machine  <->  protocol            one per connection
//!                  -> dispatch             hub methods and hooks
//!                  -> lifetime             registry of local connections, fan-out
//!                       -> backplane       other servers
//! ```
//! [`HubContext`] sends from anywhere; [`HubEndpoint`] is mounted with [`configure`] and drained.

pub mod backplane;
pub mod connection;
pub mod protocol;

mod access;
mod admissions;
mod context;
mod counters;
mod dispatch;
mod endpoint;
mod gaps;
mod lifetime;
mod negotiate;
mod options;
mod refused;
mod registry;
mod routes;
mod serialized;
mod session;
mod token;
mod transports;
mod turn;

pub use access::{AccessDenied, Authenticated, ConnectionAuthenticator};
pub use connection::{CloseCause, ConnectionId};
pub use context::{HubContext, OrderedRecipients, Recipients, SendError};
pub use counters::HubStats;
pub use dispatch::{Arguments, Caller, Hub, HubBuilder, HubError};
pub use endpoint::HubEndpoint;
pub use gaps::{Gaps, MissingVersions};
pub use lifetime::HubLifetime;
pub use options::{HubOptions, Origins};
pub use routes::configure;
pub use serialized::SerializedMessage;
pub use transports::tune_socket;
pub use turn::{OrderedMessages, OrderedSend, Turn, TurnPart};
