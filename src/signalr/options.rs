use std::time::Duration;

use ipnet::IpNet;

/// How a hub endpoint treats its connections. The defaults are ASP.NET Core's (C1) and the limits
/// of X-22.
#[derive(Debug, Clone)]
pub struct HubOptions {
    /// How long a client may take to send its handshake.
    pub handshake_timeout: Duration,
    /// How often an idle or busy connection gets a Ping.
    pub keep_alive_interval: Duration,
    /// How long a client that pings may stay silent.
    pub client_timeout: Duration,
    /// The longest message a client may send, in bytes, separator included.
    pub maximum_receive_message_size: usize,
    /// Whether errors that are no [`super::HubError::shown`] reach clients with their text.
    pub detailed_errors: bool,
    /// Bytes that may wait for a client before it counts as a slow consumer.
    pub send_queue_bytes: usize,
    /// Messages that may wait for a client before it counts as a slow consumer.
    pub send_queue_messages: usize,
    /// How long one write may be stuck before the client counts as a slow consumer.
    pub send_timeout: Duration,
    /// How long a closing connection may take to write what is left, and a running hub method to
    /// end.
    pub close_timeout: Duration,
    /// How long a negotiated connection waits for its transport.
    pub connection_token_lifetime: Duration,
    /// Connections of one user on this pod; the next gets 429.
    pub connections_per_user: usize,
    /// Connections on this pod; the next gets 503.
    pub connections_per_pod: usize,
    /// Connections told per second to reconnect elsewhere while draining.
    pub drain_rate_per_second: f64,
    /// Where browsers may connect from.
    pub origins: Origins,
}

/// Which pages browsers may connect from, besides the endpoint's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    /// Exactly these, such as `https://shop.example`.
    pub allowed: Vec<String>,
    /// Proxies whose `X-Forwarded-Host` names the endpoint's own host.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            handshake_timeout: Duration::from_secs(15),
            keep_alive_interval: Duration::from_secs(15),
            client_timeout: Duration::from_secs(30),
            maximum_receive_message_size: 32_768,
            detailed_errors: false,
            send_queue_bytes: 1 << 20,
            send_queue_messages: 1024,
            send_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            connection_token_lifetime: Duration::from_secs(60),
            connections_per_user: 100,
            connections_per_pod: 20_000,
            drain_rate_per_second: 500.0,
            origins: Origins::default(),
        }
    }
}
