use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A bare WebSocket that speaks the JSON hub protocol with the token in the query, as a browser
/// does.
pub struct RawTab {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pending: Vec<Value>,
}

impl RawTab {
    /// Connects to the port and shakes hands.
    pub async fn open(port: u16, token: &str) -> Self {
        let url = format!("ws://127.0.0.1:{port}/hubs/order-status?access_token={token}");
        let (socket, _) =
            tokio_tungstenite::connect_async(url).await.expect("the upgrade succeeds");
        let mut tab = Self { socket, pending: Vec::new() };
        tab.send("{\"protocol\":\"json\",\"version\":1}").await;
        let answer = tab.next(Duration::from_secs(5)).await;
        assert_eq!(answer, serde_json::json!({}), "the handshake is accepted");
        tab
    }

    /// Tries to connect; the HTTP status of the refusal.
    pub async fn refused(url: &str) -> u16 {
        match tokio_tungstenite::connect_async(url).await {
            Ok(_) => panic!("the upgrade should have been refused"),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                response.status().as_u16()
            }
            Err(other) => panic!("no HTTP answer: {other}"),
        }
    }

    /// Sends one record.
    pub async fn send(&mut self, record: &str) {
        self.socket
            .send(Message::text(format!("{record}\u{1e}")))
            .await
            .expect("the socket takes it");
    }

    /// The next record. Panics at the deadline or at the socket's end.
    pub async fn next(&mut self, deadline: Duration) -> Value {
        while self.pending.is_empty() {
            let message = tokio::time::timeout(deadline, self.socket.next())
                .await
                .expect("a message in time");
            if let Message::Text(text) = message.expect("an open socket").expect("a good frame") {
                let records = text.as_str().split('\u{1e}').filter(|record| !record.is_empty());
                self.pending =
                    records.map(|record| serde_json::from_str(record).expect("JSON")).collect();
            }
        }
        self.pending.remove(0)
    }

    /// The next invocation of `target`; everything else is passed over.
    pub async fn invocation(&mut self, target: &str, deadline: Duration) -> Value {
        let until = tokio::time::Instant::now() + deadline;
        loop {
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            let record = self.next(left).await;
            if record["type"] == 1 && record["target"] == target {
                return record["arguments"][0].clone();
            }
        }
    }
}
