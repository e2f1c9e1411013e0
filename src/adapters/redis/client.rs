use std::time::Duration;

use fred::clients::Client;
use fred::interfaces::ClientLike;
use fred::types::Builder;
use fred::types::config::{
    ClusterDiscoveryPolicy, Config, ReconnectPolicy, Server, ServerConfig, TlsConnector,
    UnresponsiveConfig,
};

use super::tls;
use crate::config::{RedisSettings, RedisTopology};
use crate::ports::StoreError;

/// Commands that may wait for a connection; one more is refused at once.
const QUEUE: usize = 4096;
/// A connection on which nothing was answered for so long is thrown away.
const SILENCE: Duration = Duration::from_secs(5);

/// A started client for ordinary commands. It connects in the background, for ever: Redis may be
/// away when we start.
///
/// A command waits for a connection and an answer for `command_timeout` in all, and is sent at most
/// once. On a cluster, commands before the first connection are refused at once.
///
/// # Errors
/// A fault when the settings contradict each other or the certificate authority cannot be read.
/// Must be called inside a runtime.
pub fn command_client(settings: &RedisSettings) -> Result<Client, StoreError> {
    let client = builder(settings)?.build().map_err(StoreError::fault)?;
    client.connect();
    Ok(client)
}

fn builder(settings: &RedisSettings) -> Result<Builder, StoreError> {
    let clustered = matches!(settings.topology, RedisTopology::Cluster(_));
    let config = Config {
        fail_fast: false,
        username: settings.username.clone(),
        password: settings.password.clone(),
        server: server(&settings.topology),
        database: (settings.database != 0 && !clustered).then_some(settings.database),
        tls: tls::client_config(settings)?.map(|config| TlsConnector::from(config).into()),
        ..Config::default()
    };
    let mut builder = Builder::from_config(config);
    builder
        .set_policy(ReconnectPolicy::new_exponential(0, 50, 1_000, 2))
        .with_connection_config(|connection| {
            connection.connection_timeout = settings.connect_timeout;
            connection.internal_command_timeout = settings.connect_timeout;
            connection.max_command_attempts = 1;
            connection.max_command_buffer_len = QUEUE;
            connection.reconnect_on_auth_error = true;
            connection.unresponsive =
                UnresponsiveConfig { max_timeout: Some(SILENCE), interval: Duration::from_secs(1) };
            connection.tcp.nodelay = Some(true);
        })
        .with_performance_config(|performance| {
            performance.default_command_timeout = settings.command_timeout;
        });
    Ok(builder)
}

fn server(topology: &RedisTopology) -> ServerConfig {
    let servers = |nodes: &[(String, u16)]| {
        nodes.iter().map(|(host, port)| Server::new(host.clone(), *port)).collect()
    };
    match topology {
        RedisTopology::Single(host, port) => ServerConfig::new_centralized(host.clone(), *port),
        RedisTopology::Sentinel { service, sentinels } => {
            ServerConfig::new_sentinel(sentinels.clone(), service.clone())
        }
        // Nodes the settings name may all be gone one day; those the cluster told us of are tried
        // too.
        RedisTopology::Cluster(nodes) => ServerConfig::Clustered {
            hosts: servers(nodes),
            policy: ClusterDiscoveryPolicy::UseCache,
        },
    }
}
