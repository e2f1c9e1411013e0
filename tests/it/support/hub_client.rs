//! A small SignalR client over a raw WebSocket: speaks JSON, shows every message, waits with
//! deadlines.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const SOON: Duration = Duration::from_secs(5);

/// Where a client puts its token.
#[derive(Debug, Clone, Copy)]
pub enum Token<'a> {
    Header(&'a str),
    Query(&'a str),
    None,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed {
    /// The Close message, if one came.
    pub message: Option<Value>,
    /// The WebSocket close code, if a close frame came.
    pub code: Option<u16>,
}

/// A connected client.
pub struct HubClient {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    waiting: VecDeque<Value>,
    close_message: Option<Value>,
    code: Option<u16>,
    last_id: u64,
}

impl HubClient {
    /// Upgrades `url` (`http://…`, query allowed) without a handshake.
    pub async fn open(
        url: &str,
        token: Token<'_>,
        headers: &[(&str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let mut url = url.replacen("http", "ws", 1);
        if let Token::Query(token) = token {
            url.push_str(if url.contains('?') { "&access_token=" } else { "?access_token=" });
            url.push_str(token);
        }
        let mut request = url.into_client_request()?;
        if let Token::Header(token) = token {
            request.headers_mut().insert(
                "authorization",
                format!("Bearer {token}").parse().expect("a header value"),
            );
        }
        for (name, value) in headers {
            let name: tungstenite::http::HeaderName = name.parse().expect("a header name");
            request.headers_mut().insert(name, value.parse().expect("a header value"));
        }
        let (socket, _) =
            timeout(SOON, connect_async(request)).await.expect("an answer to the upgrade")?;
        Ok(Self { socket, waiting: VecDeque::new(), close_message: None, code: None, last_id: 0 })
    }

    /// Upgrades and shakes hands in JSON, version 1.
    pub async fn connect(url: &str, token: Token<'_>) -> Self {
        let mut client = Self::open(url, token, &[]).await.expect("an accepted upgrade");
        client.text("{\"protocol\":\"json\",\"version\":1}\u{1e}").await;
        assert_eq!(client.next().await, Some(json!({})), "the answer to the handshake");
        client
    }

    /// The status and body of a refused upgrade.
    pub async fn refused(url: &str, token: Token<'_>, headers: &[(&str, &str)]) -> (u16, String) {
        match Self::open(url, token, headers).await {
            Err(tungstenite::Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                (response.status().as_u16(), String::from_utf8_lossy(&body).into_owned())
            }
            Err(error) => panic!("expected a refusal, got {error}"),
            Ok(_) => panic!("expected a refusal, got a connection"),
        }
    }

    /// Sends text as it is, in one frame.
    pub async fn text(&mut self, text: impl Into<String>) {
        self.socket.send(Message::Text(text.into().into())).await.expect("an open socket");
    }

    /// Sends any frame.
    pub async fn frame(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        self.socket.send(message).await
    }

    /// The socket itself, for tests that misuse it.
    pub fn socket(&mut self) -> &mut WebSocketStream<MaybeTlsStream<TcpStream>> {
        &mut self.socket
    }

    /// Starts an invocation and returns its id.
    pub async fn start(&mut self, target: &str, arguments: Value) -> String {
        self.last_id += 1;
        let id = self.last_id.to_string();
        let message =
            json!({"type": 1, "invocationId": id, "target": target, "arguments": arguments});
        self.text(format!("{message}\u{1e}")).await;
        id
    }

    /// Invokes a method and waits for its result or error text.
    pub async fn invoke(&mut self, target: &str, arguments: Value) -> Result<Value, String> {
        let id = self.start(target, arguments).await;
        let completion = self
            .find(|message| message["type"] == 3 && message["invocationId"] == id.as_str())
            .await;
        match completion.get("error") {
            Some(error) => Err(error.as_str().expect("an error text").to_owned()),
            None => Ok(completion.get("result").expect("a result").clone()),
        }
    }

    /// The next invocation of `target` from the server: its arguments.
    pub async fn event(&mut self, target: &str) -> Value {
        self.find(|message| message["type"] == 1 && message["target"] == target).await["arguments"]
            .clone()
    }

    /// The targets and arguments of all invocations that came so far or come until `marker` is
    /// invoked.
    pub async fn events_until(&mut self, marker: &str) -> Vec<(String, Value)> {
        let mut events = Vec::new();
        loop {
            let message = self.find(|message| message["type"] == 1).await;
            let target = message["target"].as_str().expect("a target").to_owned();
            if target == marker {
                return events;
            }
            events.push((target, message["arguments"].clone()));
        }
    }

    /// The next message, pings included; `None` when the connection is over.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Some(message);
            }
            let frame = timeout(SOON, self.socket.next()).await.expect("a message within 5 s");
            match frame {
                Some(Ok(Message::Text(text))) => {
                    assert!(text.ends_with('\u{1e}'), "whole records only: {text}");
                    let records = text.split_terminator('\u{1e}');
                    self.waiting.extend(
                        records.map(|record| serde_json::from_str::<Value>(record).expect("JSON")),
                    );
                }
                Some(Ok(Message::Close(frame))) => self.code = frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Reads on until the connection is over.
    pub async fn closed(mut self) -> Closed {
        while let Some(message) = self.next().await {
            self.note(&message);
        }
        Closed { message: self.close_message, code: self.code }
    }

    async fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.waiting.iter().position(&wanted) {
            return self.waiting.remove(index).expect("it was just found");
        }
        let mut others = std::mem::take(&mut self.waiting);
        loop {
            let message = self.next().await.expect("an open connection");
            if wanted(&message) {
                others.append(&mut self.waiting);
                self.waiting = others;
                return message;
            }
            self.note(&message);
            if message["type"] != 6 {
                others.push_back(message);
            }
        }
    }

    fn note(&mut self, message: &Value) {
        if message["type"] == 7 {
            self.close_message = Some(message.clone());
        }
    }
}
