use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A tab of Microsoft's stock client in Node (`tests/clients/tab.mjs`).
pub struct StockTab {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Every line the tab has said so far.
    pub seen: Vec<Value>,
}

impl StockTab {
    /// Opens a tab with WebSockets and skipNegotiation, and waits until it is connected.
    pub async fn open(base: &str, token: &str) -> Self {
        Self::open_with(base, token, "skip").await
    }

    /// Opens a tab that negotiates first.
    pub async fn open_negotiating(base: &str, token: &str) -> Self {
        Self::open_with(base, token, "negotiate").await
    }

    /// Opens a tab with the stock policy of reconnecting.
    pub async fn open_with_stock_policy(base: &str, token: &str) -> Self {
        Self::open_with(base, token, "stock-policy").await
    }

    async fn open_with(base: &str, token: &str, mode: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
        let mut child = Command::new("node")
            .args(["tab.mjs", &format!("{base}/hubs/order-status"), token, mode])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is missing: apt-get install nodejs npm, then npm ci in tests/clients");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut tab = Self { _child: child, input, output, seen: Vec::new() };
        tab.wait(Duration::from_secs(20), |line| line["event"] == "connected").await;
        tab
    }

    /// The first line, said already or yet to come, that `wanted` accepts. Panics at the deadline
    /// with what came instead.
    pub async fn wait(&mut self, deadline: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(line) = self.seen.iter().find(|line| wanted(line)) {
            return line.clone();
        }
        let until = tokio::time::Instant::now() + deadline;
        loop {
            let line = match tokio::time::timeout_at(until, self.output.next_line()).await {
                Ok(Ok(Some(line))) => line,
                Ok(end) => panic!("the tab ended ({end:?}) after {:?}", self.seen),
                Err(_) => panic!("waited {deadline:?}; the tab said only {:?}", self.seen),
            };
            let line: Value = serde_json::from_str(&line).expect("a JSON line");
            self.seen.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Waits for an event of this name for this order, with this status.
    pub async fn event(&mut self, name: &str, correlation_id: &str, status: &str) -> Value {
        self.wait(Duration::from_secs(40), |line| {
            line["event"] == name
                && line["payload"]["correlationId"] == correlation_id
                && line["payload"]["status"] == status
        })
        .await["payload"]
            .clone()
    }

    /// Calls a hub method and returns the tab's line about it (`result` or `error`).
    pub async fn invoke(&mut self, method: &str, args: Value) -> Value {
        self.seen.retain(|line| line["invoke"] != method);
        let line = json!({ "invoke": method, "args": args }).to_string() + "\n";
        self.input.write_all(line.as_bytes()).await.expect("the tab listens");
        self.wait(Duration::from_secs(10), |line| line["invoke"] == method).await
    }

    /// How many events of this name and status the tab has had for this order, once everything sent
    /// before is in.
    pub async fn count(&mut self, name: &str, correlation_id: &str, status: &str) -> usize {
        // The hub answers a connection in order: what was sent before Ping's answer has arrived
        // when the answer has.
        self.invoke("Ping", json!([])).await;
        self.told(name, correlation_id, status)
    }

    /// The same for what has been read of the tab's words so far.
    pub fn told(&self, name: &str, correlation_id: &str, status: &str) -> usize {
        let same = |line: &&Value| {
            line["event"] == name
                && line["payload"]["correlationId"] == correlation_id
                && line["payload"]["status"] == status
        };
        self.seen.iter().filter(same).count()
    }
}
