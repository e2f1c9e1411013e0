use std::time::Duration;

use super::Secret;
use super::reader::SettingsReader;

/// `[SignalR]`: the hub's limits and its backplane. Timings and sizes bear the names of ASP.NET's
/// `HubOptions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalRSettings {
    /// Prefix of the backplane's Redis channels; the same on all pods (D7).
    pub channel_prefix: String,
    /// The hub's name within the channels.
    pub hub_name: String,
    /// Whether this is the only web pod, which may run without Redis.
    pub single_pod: bool,
    /// Origins of web pages that may connect, beside our own.
    pub allowed_origins: Vec<String>,
    /// Signs connection tokens, at least 32 bytes, the same on all pods. `None`: derived from the
    /// development signing key, or made up by a process that is alone.
    pub connection_token_key: Option<Secret>,
    /// Connections one user may hold on this pod.
    pub max_connections_per_user: u32,
    /// Connections this pod may hold.
    pub max_connections: u32,
    /// A ping is sent after this silence.
    pub keep_alive_interval: Duration,
    /// A client silent for this long is gone.
    pub client_timeout_interval: Duration,
    /// A client has this long for its handshake.
    pub handshake_timeout: Duration,
    /// Bytes a client's message may have.
    pub maximum_receive_message_size: u32,
}

impl SignalRSettings {
    pub(super) fn read(r: &mut SettingsReader) -> Self {
        let settings = Self {
            channel_prefix: r.get("SignalR__ChannelPrefix"),
            hub_name: r.get("SignalR__HubName"),
            single_pod: r.get("SignalR__SinglePod"),
            allowed_origins: origins(r, "SignalR__AllowedOrigins"),
            connection_token_key: r.optional("SignalR__ConnectionTokenKey"),
            max_connections_per_user: r.positive("SignalR__MaxConnectionsPerUser"),
            max_connections: r.positive("SignalR__MaxConnections"),
            keep_alive_interval: r.positive("SignalR__KeepAliveInterval"),
            client_timeout_interval: r.positive("SignalR__ClientTimeoutInterval"),
            handshake_timeout: r.positive("SignalR__HandshakeTimeout"),
            maximum_receive_message_size: r.positive("SignalR__MaximumReceiveMessageSize"),
        };
        if settings.client_timeout_interval < settings.keep_alive_interval * 2 {
            r.problem(
                "SignalR__ClientTimeoutInterval and SignalR__KeepAliveInterval",
                "a client would be given up after missing a single ping",
                "Make the timeout at least twice the keep-alive interval (30s and 15s by default).",
            );
        }
        check_key(r, "SignalR__ConnectionTokenKey", settings.connection_token_key.as_ref());
        settings
    }
}

/// How the sample settings begin every key that is to be replaced.
const PLACEHOLDER: &str = "choose";

/// HMAC-SHA256 is as strong as its key up to 32 bytes, unless the key is known to everybody.
pub(super) fn check_key(r: &mut SettingsReader, name: &str, key: Option<&Secret>) {
    let Some(key) = key.map(Secret::expose) else { return };
    let weakness = if key.to_ascii_lowercase().starts_with(PLACEHOLDER) {
        "is the placeholder of the sample settings, which everybody knows".to_owned()
    } else if key.len() < 32 {
        format!("has {} bytes, which can be guessed", key.len())
    } else {
        return;
    };
    let fix = "Use at least 32 random bytes, for example from: openssl rand -base64 48";
    r.problem(name, weakness, fix);
}

/// A list of origins as browsers send them: scheme, host and perhaps port.
pub(super) fn origins(r: &mut SettingsReader, name: &'static str) -> Vec<String> {
    let listed: Vec<String> = r.get(name);
    listed.into_iter().map(|text| origin(r, name, text)).collect()
}

/// An origin in small letters; reports what is none.
pub(super) fn origin(r: &mut SettingsReader, name: &'static str, text: String) -> String {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if host.is_none_or(|host| host.is_empty() || host.contains(['/', '*', '@', ' ', '?', '#'])) {
        r.problem(
            name,
            format!("'{text}' is not an origin"),
            "Write scheme and host, without path or *, such as https://shop.example.",
        );
    }
    text.to_lowercase()
}
