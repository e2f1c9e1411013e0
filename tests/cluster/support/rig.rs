use std::future::Future;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::redis_server::RedisServer;
use crate::support::Pod;
use crate::support::pod::SIGNING_KEY;

/// One cluster: a database file and a Redis that its pods share. Everything ends on drop.
pub struct Rig {
    /// The Redis of all pods.
    pub redis: RedisServer,
    folder: tempfile::TempDir,
}

impl Rig {
    /// An empty database and an empty Redis.
    pub fn new() -> Self {
        Self { redis: RedisServer::start(), folder: tempfile::tempdir().expect("temp dir") }
    }

    /// The same with more arguments for redis-server.
    pub fn with_redis(arguments: &[&str]) -> Self {
        Self {
            redis: RedisServer::start_with(arguments),
            folder: tempfile::tempdir().expect("temp dir"),
        }
    }

    /// Runs a command of the binary over the rig's stores. Returns whether it ended with 0, and
    /// what it said.
    pub fn command(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_contoso-shop"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("ConnectionStrings__Contoso", format!("sqlite:{}", self.path("shop.db").display()))
            .env("ConnectionStrings__Redis", format!("127.0.0.1:{}", self.redis.port))
            .output()
            .expect("the binary starts");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).expect("text"))
    }

    /// From now on the lines of new orders of `product` do not add up to their total, so that these orders
    /// fail.
    pub fn spoil_orders_of(&self, product: &str) {
        let trigger = format!(
            r#"CREATE TRIGGER Spoil AFTER INSERT ON OrderItem
               WHEN NEW.ProductId = (SELECT Id FROM Product WHERE Sku = '{product}')
               BEGIN UPDATE "Order" SET TotalCents = TotalCents + 1 WHERE Id = NEW.OrderId; END"#
        );
        self.database().execute_batch(&trigger).expect("a trigger");
    }

    /// Makes the lines of all orders add up, those of new ones too.
    pub fn repair_orders(&self) {
        let sql = r#"DROP TRIGGER Spoil; UPDATE "Order" SET TotalCents =
            (SELECT SUM(i.UnitPriceCents * i.Quantity) FROM OrderItem i WHERE i.OrderId = "Order".Id)"#;
        self.database().execute_batch(sql).expect("an update");
    }

    fn database(&self) -> Connection {
        let database = Connection::open(self.path("shop.db")).expect("the database");
        database.busy_timeout(Duration::from_secs(5)).expect("a timeout");
        database
    }

    /// A path inside the rig's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a pod and waits until it is ready. `settings` come last, so they win over the rig's.
    pub async fn pod(&self, role: &str, settings: &[(&str, &str)]) -> Pod {
        let pod = self.pod_starting(role, settings);
        pod.wait_ready().await;
        pod
    }

    /// Starts a pod without waiting.
    pub fn pod_starting(&self, role: &str, settings: &[(&str, &str)]) -> Pod {
        Pod::start(self.folder.path(), &format!("127.0.0.1:{}", self.redis.port), role, settings)
    }

    /// A token of an admin, made by the program itself.
    pub fn admin_token(&self) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_contoso-shop"))
            .args(["token", "--user", "root", "--admin"])
            .current_dir(self.folder.path())
            .env("Jwt__Mode", "development")
            .env("Jwt__SigningKey", SIGNING_KEY)
            .output()
            .expect("the binary starts");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// The answer of redis-cli to a command, as JSON.
    pub fn redis_cli(&self, command: &[&str]) -> serde_json::Value {
        let output = Command::new("redis-cli")
            .args(["-p", &self.redis.port.to_string(), "--json"])
            .args(command)
            .output()
            .expect("redis-cli is missing: apt-get install redis-tools");
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text)
            .unwrap_or_else(|_| panic!("redis-cli {command:?} said {text:?}"))
    }
}

/// Asks `state` until it yields a value. Panics with `what` when `deadline` passes first.
pub async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    deadline: Duration,
    mut state: impl FnMut() -> F,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = state().await {
            return value;
        }
        assert!(start.elapsed() < deadline, "waited {deadline:?} for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
