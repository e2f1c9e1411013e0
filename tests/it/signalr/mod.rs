//! Hub protocol, connections and fan-out over real sockets.

mod connecting;
mod draining;
mod hostile;
mod invoking;
mod negotiating;
pub mod server;
mod stock_client;
mod timing;
