//! Clients of ours for a redis-server of a test.

use std::time::Duration;

use contoso_shop::adapters::redis::{Subscriptions, command_client, subscriber_client};
use contoso_shop::config::{RedisSettings, RedisTopology};
use fred::clients::Client;
use tokio_util::sync::CancellationToken;

/// Settings for one node on 127.0.0.1, with the patience of production.
pub fn settings(port: u16) -> RedisSettings {
    RedisSettings {
        topology: RedisTopology::Single("127.0.0.1".into(), port),
        username: None,
        password: None,
        tls: false,
        ca_file: None,
        database: 0,
        connect_timeout: Duration::from_secs(1),
        command_timeout: Duration::from_secs(1),
    }
}

/// A client for commands.
pub fn client(port: u16) -> Client {
    command_client(&settings(port)).expect("good settings")
}

/// Subscriptions to `channels`.
pub fn subscriptions(port: u16, channels: Vec<String>, stop: &CancellationToken) -> Subscriptions {
    Subscriptions::start(
        subscriber_client(&settings(port)).expect("good settings"),
        channels,
        stop.clone(),
    )
}
