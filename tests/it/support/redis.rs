//! Clients of ours for a redis-server of a test.

use std::sync::Arc;
use std::time::Duration;

use contoso_shop::adapters::redis::{Dialer, GuardedClient, Subscriptions, command_client};
use contoso_shop::adapters::{Guard, GuardSettings};
use contoso_shop::config::{RedisSettings, RedisTopology};
use fred::clients::Client;

use super::tasks::tasks;

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

/// A guard that does not mind a slow machine.
pub fn guarded(client: Client) -> GuardedClient {
    let patient = GuardSettings { deadline: Duration::from_secs(5), ..GuardSettings::REDIS };
    GuardedClient::new(client, Arc::new(Guard::new("redis", patient)))
}

/// Subscriptions to `channels`.
pub fn subscriptions(port: u16, channels: Vec<String>) -> Subscriptions {
    Subscriptions::start(Dialer::new(&settings(port)).expect("good settings"), channels, &tasks())
}
