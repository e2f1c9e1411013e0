//! How bytes travel. Each transport implements the reader and the writer of `connection` and is
//! listed here for negotiation.

mod socket;
pub(super) mod websocket;

use serde::Serialize;

pub use socket::tune_socket;

/// A transport as negotiation offers it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AvailableTransport {
    transport: &'static str,
    transfer_formats: &'static [&'static str],
}

/// In the order clients are to try them.
pub(super) const AVAILABLE: &[AvailableTransport] =
    &[AvailableTransport { transport: "WebSockets", transfer_formats: &["Text", "Binary"] }];
