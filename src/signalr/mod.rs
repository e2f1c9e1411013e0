//! SignalR: hub protocol, connections, transports, fan-out. Knows nothing of orders.

pub mod protocol;
