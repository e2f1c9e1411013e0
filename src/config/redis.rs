use std::path::PathBuf;
use std::time::Duration;

/// Where Redis is and how to log in, however it was written (D2).
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// One node, a Sentinel trio or a cluster.
    pub topology: RedisTopology,
    /// ACL user; `None` means the default user.
    pub username: Option<String>,
    /// Password; never shown.
    pub password: Option<String>,
    /// Whether to speak TLS.
    pub tls: bool,
    /// PEM file of the authorities to trust under TLS; `None` means the machine's.
    pub ca_file: Option<PathBuf>,
    /// Database number; 0 on a cluster.
    pub database: u8,
    /// How long a connection attempt may take.
    pub connect_timeout: Duration,
    /// How long one command may take.
    pub command_timeout: Duration,
}

/// The forms Redis comes in (S1-Scale-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisTopology {
    /// One node: host and port.
    Single(String, u16),
    /// Sentinels to ask for the primary of `service`.
    Sentinel {
        /// The master name the sentinels know.
        service: String,
        /// Host and port of each sentinel.
        sentinels: Vec<(String, u16)>,
    },
    /// Some nodes of a cluster.
    Cluster(Vec<(String, u16)>),
}

impl std::fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisSettings")
            .field("topology", &self.topology)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}
