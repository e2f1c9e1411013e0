//! Redis in its larger forms on loopback: a Sentinel trio and a cluster with replicas.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::redis_server::{RedisServer, free_port};
use super::wait::until;

const SOON: Duration = Duration::from_secs(30);

/// What redis-cli answers.
pub fn cli(port: u16, arguments: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-h", "127.0.0.1", "-p", &port.to_string()])
        .args(arguments)
        .output();
    String::from_utf8_lossy(
        &output.expect("redis-cli is missing: apt-get install redis-tools").stdout,
    )
    .into_owned()
}

/// One primary, two replicas and three sentinels that watch them as `shop`.
pub struct SentinelTrio {
    /// The primary at first, then its replicas.
    pub servers: Vec<RedisServer>,
    /// Where the sentinels listen.
    pub sentinels: Vec<u16>,
    children: Vec<Child>,
    _folder: tempfile::TempDir,
}

impl SentinelTrio {
    /// Starts them and waits until they know each other.
    pub async fn start() -> Self {
        let primary = RedisServer::start();
        let port = primary.port.to_string();
        let replica = || RedisServer::start_with(&["--replicaof", "127.0.0.1", &port]);
        let replicas = [replica(), replica()];
        let servers = [primary].into_iter().chain(replicas).collect();
        let folder = tempfile::tempdir().expect("temp dir");
        let (mut sentinels, mut children) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let own = free_port();
            let file = folder.path().join(format!("sentinel-{own}.conf"));
            let lines = [
                format!("port {own}"),
                "bind 127.0.0.1".to_owned(),
                format!("dir {}", folder.path().display()),
                format!("sentinel monitor shop 127.0.0.1 {port} 2"),
                "sentinel down-after-milliseconds shop 1000".to_owned(),
                "sentinel failover-timeout shop 5000".to_owned(),
            ];
            std::fs::write(&file, lines.join("\n")).expect("a written file");
            let child = Command::new("redis-server")
                .arg(&file)
                .arg("--sentinel")
                .stdout(Stdio::null())
                .spawn();
            children.push(child.expect("redis-server is missing: apt-get install redis-server"));
            sentinels.push(own);
        }
        let trio = Self { servers, sentinels, children, _folder: folder };
        until("the sentinels to know all", SOON, || async {
            let all = trio.sentinels.iter().all(|sentinel| {
                let told = cli(*sentinel, &["sentinel", "master", "shop"]);
                field(&told, "num-slaves") == Some("2")
                    && field(&told, "num-other-sentinels") == Some("2")
            });
            all.then_some(())
        })
        .await;
        trio
    }

    /// The primary's port, as the first sentinel says.
    pub fn primary(&self) -> u16 {
        let told = cli(self.sentinels[0], &["sentinel", "get-master-addr-by-name", "shop"]);
        told.lines().nth(1).and_then(|port| port.trim().parse().ok()).expect("a primary")
    }
}

impl Drop for SentinelTrio {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Three primaries with a replica each.
pub struct RedisCluster {
    /// All six.
    pub servers: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts them and waits until every node finds the cluster well.
    pub async fn start() -> Self {
        let arguments = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "1000",
            "--cluster-config-file",
            "nodes.conf",
        ];
        let servers: Vec<_> =
            (0..6).map(|_| RedisServer::launch(cluster_port(), &arguments)).collect();
        let nodes: Vec<_> =
            servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        let mut create = vec!["--cluster", "create"];
        create.extend(nodes.iter().map(String::as_str));
        create.extend(["--cluster-replicas", "1", "--cluster-yes"]);
        cli(servers[0].port, &create);
        let cluster = Self { servers };
        until("the cluster to be well", SOON, || async {
            let well = |server: &RedisServer| {
                let (info, nodes) = (
                    cli(server.port, &["cluster", "info"]),
                    cli(server.port, &["cluster", "nodes"]),
                );
                info.contains("cluster_state:ok") && nodes.matches("slave").count() == 3
            };
            cluster.servers.iter().all(well).then_some(())
        })
        .await;
        // A replica that has never been in step may not stand for election.
        until("the replicas to be in step", SOON, || async {
            let in_step = |server: &RedisServer| {
                let told = cli(server.port, &["info", "replication"]);
                told.contains("role:master") || told.contains("master_link_status:up")
            };
            cluster.servers.iter().all(in_step).then_some(())
        })
        .await;
        cluster
    }

    /// The index of the primary that holds `key`.
    pub fn holder(&self, key: &str) -> usize {
        let holds = |server: &RedisServer| !cli(server.port, &["get", key]).starts_with("MOVED");
        let primary = |server: &RedisServer| {
            cli(server.port, &["info", "replication"]).contains("role:master")
        };
        self.servers.iter().position(|server| primary(server) && holds(server)).expect("a holder")
    }
}

/// The line after `name`, as redis-cli prints maps.
fn field<'a>(told: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = told.lines();
    lines.find(|line| *line == name)?;
    lines.next()
}

/// A free port whose cluster bus port, 10000 above, is free too.
fn cluster_port() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let port = rand::random_range(15_000..22_000);
        if free(port) && free(port + 10_000) {
            return port;
        }
    }
}
