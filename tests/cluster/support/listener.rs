use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

/// What one connection was told of its orders, by correlation id, in the order it came: version and
/// target.
pub type Told = BTreeMap<String, Vec<(u64, String)>>;

/// A tab that writes down what it is told, for as long as its pod lives: when its connection is cut
/// it opens another, whose record is its own.
pub struct Listener {
    connections: Arc<Mutex<Vec<Told>>>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Opens a tab at the hub on `port` and returns when it can be told.
    pub async fn open(port: u16, token: &str) -> Self {
        let connections = Arc::<Mutex<Vec<Told>>>::default();
        let url = format!("ws://127.0.0.1:{port}/hubs/order-status?access_token={token}");
        let (records, opened) = (connections.clone(), connections.clone());
        let task = tokio::spawn(async move {
            loop {
                let _ = listen(&url, &records).await;
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        });
        super::until("the tab to be connected", std::time::Duration::from_secs(10), || async {
            (!opened.lock().expect("records").is_empty()).then_some(())
        })
        .await;
        Self { connections, task }
    }

    /// What each of its connections was told so far.
    pub fn told(&self) -> Vec<Told> {
        self.connections.lock().expect("records").clone()
    }

    /// Whether one of its connections was told that the order is completed.
    pub fn knows_completed(&self, order: &str) -> bool {
        let connections = self.connections.lock().expect("records");
        let told = |told: &Told| {
            told.get(order).is_some_and(|heard| heard.iter().any(|(_, to)| to == "OrderCompleted"))
        };
        connections.iter().any(told)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    url: &str,
    records: &Mutex<Vec<Told>>,
) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
    socket.send(Message::text("{\"protocol\":\"json\",\"version\":1}\u{1e}")).await?;
    let mut index = None;
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message? else { continue };
        for record in text.as_str().split('\u{1e}').filter(|record| !record.is_empty()) {
            let mut connections = records.lock().expect("records");
            let index = *index.get_or_insert_with(|| {
                connections.push(Told::new());
                connections.len() - 1
            });
            note(&mut connections[index], record);
        }
    }
    Ok(())
}

/// Writes down an invocation of the hub protocol, if the record is one.
pub fn note(told: &mut Told, record: &str) {
    let record: Value = serde_json::from_str(record).expect("JSON");
    let payload = &record["arguments"][0];
    if let (Some(target), Some(order)) =
        (record["target"].as_str(), payload["correlationId"].as_str())
    {
        let version = payload["version"].as_u64().expect("a version");
        told.entry(order.to_owned()).or_default().push((version, target.to_owned()));
    }
}

/// Panics unless every order's versions were told strictly forward, without a repeat, and
/// `OrderCompleted` once, behind its `Notification`.
pub fn assert_forward(whom: &str, told: &Told) {
    for (order, heard) in told {
        let places: Vec<_> = heard.iter().map(|(v, to)| (*v, to == "OrderCompleted")).collect();
        assert!(places.is_sorted_by(|a, b| a < b), "{whom} was told of {order}: {heard:?}");
    }
}
