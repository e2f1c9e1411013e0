use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

/// What one connection was told of its orders, by correlation id, in the order it came: version and
/// target.
pub type Told = BTreeMap<String, Vec<(u64, String)>>;

/// One connection of a tab.
#[derive(Clone)]
pub struct Connected {
    /// When its handshake was answered.
    pub from: SystemTime,
    /// When it ended; `None` while it stands.
    pub until: Option<SystemTime>,
    /// What it was told.
    pub told: Told,
}

/// A tab that writes down what it is told, for as long as its pod lives: when its connection is cut
/// it opens another, whose record is its own.
pub struct Listener {
    connections: Arc<Mutex<Vec<Connected>>>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Opens a tab at the hub on `port` and returns when it can be told.
    pub async fn open(port: u16, token: &str) -> Self {
        let connections = Arc::<Mutex<Vec<Connected>>>::default();
        let url = format!("ws://127.0.0.1:{port}/hubs/order-status?access_token={token}");
        let (records, opened) = (connections.clone(), connections.clone());
        let task = tokio::spawn(async move {
            loop {
                let _ = listen(&url, &records).await;
                if let Some(last) = records.lock().expect("records").last_mut() {
                    last.until.get_or_insert_with(SystemTime::now);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        super::until("the tab to be connected", Duration::from_secs(10), || async {
            (!opened.lock().expect("records").is_empty()).then_some(())
        })
        .await;
        Self { connections, task }
    }

    /// Its connections so far.
    pub fn connections(&self) -> Vec<Connected> {
        self.connections.lock().expect("records").clone()
    }

    /// What each of its connections was told so far.
    pub fn told(&self) -> Vec<Told> {
        self.connections().into_iter().map(|connection| connection.told).collect()
    }

    /// Whether one of its connections was told that the order is completed.
    pub fn knows_completed(&self, order: &str) -> bool {
        let connections = self.connections.lock().expect("records");
        connections.iter().any(|connection| is_completed(&connection.told, order))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether somebody who was told this knows that the order is completed.
pub fn is_completed(told: &Told, order: &str) -> bool {
    told.get(order).is_some_and(|heard| heard.iter().any(|(_, to)| to == "OrderCompleted"))
}

async fn listen(
    url: &str,
    records: &Mutex<Vec<Connected>>,
) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
    socket.send(Message::text("{\"protocol\":\"json\",\"version\":1}\u{1e}")).await?;
    let mut pings = tokio::time::interval(Duration::from_secs(5));
    let mut index = None;
    loop {
        let message = tokio::select! {
            message = socket.next() => message,
            _ = pings.tick(), if index.is_some() => {
                socket.send(Message::text("{\"type\":6}\u{1e}")).await?;
                continue;
            }
        };
        let Some(message) = message else { return Ok(()) };
        let Message::Text(text) = message? else { continue };
        for record in text.as_str().split('\u{1e}').filter(|record| !record.is_empty()) {
            let mut connections = records.lock().expect("records");
            let index = *index.get_or_insert_with(|| {
                let (from, told) = (SystemTime::now(), Told::new());
                connections.push(Connected { from, until: None, told });
                connections.len() - 1
            });
            note(&mut connections[index].told, record);
        }
    }
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
