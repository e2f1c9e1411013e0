//! Clients that misbehave.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::server::TestServer;
use crate::support::hub_client::{Closed, HubClient, Token};
use crate::support::wait::until;
use contoso_shop::signalr::HubOptions;

const SOON: Duration = Duration::from_secs(10);

async fn client(server: &TestServer) -> HubClient {
    HubClient::connect(&server.url(), Token::Header("alice")).await
}

fn faulted() -> Closed {
    let message =
        json!({"type": 7, "error": "Connection closed with an error.", "allowReconnect": true});
    Closed { message: Some(message), code: Some(1000) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_ends_the_connection_with_leave_to_return() {
    let server = TestServer::start();
    let deep = format!(
        "{{\"type\":1,\"target\":\"Echo\",\"arguments\":{}{}}}\u{1e}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    for bad in ["{\u{1e}", "[]\u{1e}", "{}\u{1e}", "\u{1e}", "{\"type\":1}\u{1e}", &deep] {
        let mut client = client(&server).await;
        client.text(bad).await;
        assert_eq!(client.closed().await, faulted(), "{bad:.30}");
    }
    let mut client = client(&server).await;
    client
        .frame(Message::Binary(b"{\"type\":1,\"target\":\"\xff\"}\x1e".to_vec().into()))
        .await
        .unwrap();
    assert_eq!(client.closed().await, faulted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_up_to_the_limit_pass_and_longer_ones_do_not() {
    let server = TestServer::start();
    let mut client = client(&server).await;
    let frame = json!({"type": 1, "invocationId": "1", "target": "Echo", "arguments": [""]})
        .to_string()
        .len()
        + 1;
    let longest = "x".repeat(32_768 - frame);
    assert_eq!(client.invoke("Echo", json!([longest])).await, Ok(json!(longest)));
    client.start("Echo", json!([format!("{longest}x")])).await;
    assert_eq!(client.closed().await, faulted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_messages_in_one_large_frame_are_taken() {
    let server = TestServer::start();
    let mut client = client(&server).await;
    let message = format!(
        "{}\u{1e}",
        json!({"type": 1, "invocationId": "7", "target": "Echo", "arguments": ["x".repeat(20_000)]})
    );
    client.text(message.repeat(5)).await;
    for _ in 0..5 {
        assert_eq!(client.next().await.unwrap()["invocationId"], "7");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_is_far_too_large_is_refused_before_it_has_come() {
    let server = TestServer::start();
    let mut client = client(&server).await;
    let sent = client.frame(Message::Text("x".repeat(50 << 20).into())).await;
    // The server may have hung up while we were still writing.
    if sent.is_ok() {
        client.closed().await;
    }
    server.wait_connections(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_in_websocket_fragments_is_put_together() {
    let server = TestServer::start();
    let mut client = client(&server).await;
    let text = format!(
        "{}\u{1e}",
        json!({"type": 1, "invocationId": "1", "target": "Echo", "arguments": ["ü"]})
    );
    let last = text.len() - 1;
    for (index, byte) in text.bytes().enumerate() {
        let code = if index == 0 { OpCode::Data(Data::Text) } else { OpCode::Data(Data::Continue) };
        client
            .frame(Message::Frame(Frame::message(vec![byte], code, index == last)))
            .await
            .unwrap();
    }
    assert_eq!(client.next().await, Some(json!({"type": 3, "invocationId": "1", "result": "ü"})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn websocket_pings_are_answered() {
    use futures_util::StreamExt;
    let server = TestServer::start();
    let mut client = client(&server).await;
    client.frame(Message::Ping("hi".into())).await.unwrap();
    assert_eq!(client.socket().next().await.unwrap().unwrap(), Message::Pong("hi".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_floods_a_busy_method_is_held_back_not_stored() {
    let server = TestServer::start();
    let mut flooder = client(&server).await;
    flooder.start("Wait", json!(["a"])).await;
    let message = format!(
        "{}\u{1e}",
        json!({"type": 1, "target": "Echo", "arguments": ["x".repeat(30_000)]})
    );
    let flood = async {
        for _ in 0..2_000 {
            flooder.frame(Message::Text(message.clone().into())).await?;
        }
        Ok::<_, tokio_tungstenite::tungstenite::Error>(())
    };
    let held_back = tokio::time::timeout(Duration::from_millis(500), flood).await;
    assert!(held_back.is_err(), "60 MB were taken although one method runs");
    server.gate.add_permits(1);
}

/// A client that never reads, with a small receive buffer so that the kernel does not hide it.
async fn deaf_client(server: &TestServer, user: &str) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(server.address()).await.unwrap();
    let request = format!(
        "GET /hub?access_token={user} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    // The mask is zero, so the payload stands as it is.
    let handshake = b"{\"protocol\":\"json\",\"version\":1}\x1e";
    let mut frame = vec![0x81, 0x80 | u8::try_from(handshake.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(handshake);
    stream.write_all(&frame).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_cut_and_delays_no_one() {
    let options = HubOptions {
        send_queue_bytes: 256 << 10,
        send_timeout: Duration::from_secs(1),
        close_timeout: Duration::from_millis(300),
        ..HubOptions::default()
    };
    let server = TestServer::with(options);
    let _deaf = deaf_client(&server, "bob").await;
    let mut reader = client(&server).await;
    until("both to be connected", SOON, || async { (server.logged().len() == 2).then_some(()) })
        .await;
    let text = "x".repeat(16_000);
    for number in 0..2_000 {
        server.context().all().send("News", &(number, &text)).await.unwrap();
        let started = std::time::Instant::now();
        assert_eq!(reader.event("News").await[0], number);
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "a healthy client waited for a deaf one"
        );
    }
    until("the deaf client to be cut", SOON, || async {
        let stats = server.endpoint.lifetime().stats();
        (stats.slow_consumers == 1 && stats.connections == 1).then_some(())
    })
    .await;
    assert!(
        server
            .logged()
            .iter()
            .any(|line| line.starts_with("disconnected bob: The client does not read"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_come_hear_and_go() {
    let options = HubOptions { connections_per_user: 2_000, ..HubOptions::default() };
    let server = TestServer::with(options);
    let url = server.url();
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.extend(
            join_all((0..100).map(|_| HubClient::connect(&url, Token::Header("alice")))).await,
        );
    }
    server.wait_connections(1_000).await;
    server.context().user("alice").send("News", &("once",)).await.unwrap();
    server.context().all().send("Mark", &()).await.unwrap();
    for events in join_all(clients.iter_mut().map(|client| client.events_until("Mark"))).await {
        assert_eq!(events, [("News".to_owned(), json!(["once"]))]);
    }
    drop(clients);
    server.wait_connections(0).await;
    assert_eq!(server.logged().len(), 2_000, "each connected and disconnected once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_upgrades_and_garbage_do_no_harm() {
    let server = TestServer::start();
    for garbage in [
        &b"GET /hub HTTP/1.1\r\nUpgrade: websocket\r\n"[..],
        b"\x81\xff\xff",
        b"\0\0\0\0",
        b"POST /hub/negotiate HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(garbage).await.unwrap();
    }
    let mut raw = deaf_client(&server, "bob").await;
    // A frame without a mask is a violation of RFC 6455.
    raw.write_all(&[0x81, 0x02, b'h', b'i']).await.unwrap();
    let mut client = client(&server).await;
    assert_eq!(client.invoke("Echo", json!(["fine"])).await, Ok(json!("fine")));
    server.wait_connections(1).await;
}
