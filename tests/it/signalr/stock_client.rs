//! Microsoft's own JavaScript client, unmodified (`tests/clients/tab.mjs`).

use std::process::Stdio;
use std::time::Duration;

use contoso_shop::signalr::CloseCause;
use contoso_shop::signalr::backplane::Target;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::server::TestServer;

struct StockClient {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl StockClient {
    async fn start(url: &str, user: &str, mode: &str) -> Self {
        let mut child = Command::new("node")
            .args(["tab.mjs", url, user, mode])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is missing: apt-get install nodejs npm, then npm ci in tests/clients");
        let (input, output) =
            (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
        Self { _child: child, input, output }
    }

    async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(20), self.output.next_line()).await;
        let line = line
            .expect("a line within 20 s")
            .unwrap()
            .expect("a running client: is npm ci done in tests/clients?");
        serde_json::from_str(&line).unwrap()
    }

    async fn invoke(&mut self, target: &str, arguments: Value) -> Value {
        let line = format!("{}\n", json!({"invoke": target, "args": arguments}));
        self.input.write_all(line.as_bytes()).await.unwrap();
        self.next().await
    }
}

async fn the_stock_client_is_served(mode: &str) {
    let server = TestServer::start();
    let mut client = StockClient::start(&server.url(), "alice", mode).await;
    assert_eq!(client.next().await["event"], "connected");
    assert_eq!(client.invoke("Echo", json!(["hä"])).await["result"], "hä");
    assert_eq!(client.invoke("Nothing", json!([])).await["result"], Value::Null);
    let refused = "An unexpected error occurred invoking 'Refuse' on the server. HubException: no";
    assert_eq!(client.invoke("Refuse", json!(["no"])).await["error"], refused);

    server.context().user("alice").send("Notification", &(json!({"n": 1}),)).await.unwrap();
    assert_eq!(client.next().await, json!({"event": "Notification", "payload": {"n": 1}}));

    let id = client.invoke("WhoAmI", json!([])).await["result"][1].clone();
    server.endpoint.lifetime().end_local(&Target::User("alice".into()), &CloseCause::Draining);
    assert_eq!(client.next().await["event"], "reconnecting");
    assert_eq!(client.next().await["event"], "reconnected");
    assert_ne!(client.invoke("WhoAmI", json!([])).await["result"][1], id, "a new connection");

    server.endpoint.lifetime().end_local(&Target::User("alice".into()), &CloseCause::Aborted);
    assert_eq!(client.next().await, json!({"event": "closed", "error": null}), "for good");
    server.wait_connections(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_websockets_alone() {
    the_stock_client_is_served("skip").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_negotiation() {
    the_stock_client_is_served("negotiate").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_messagepack() {
    the_stock_client_is_served("messagepack").await;
}
