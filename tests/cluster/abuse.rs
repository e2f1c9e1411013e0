//! clients that send too much, too slowly or nothing at all, over bare sockets.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Api, Pod, Rig};

async fn connect(pod: &Pod) -> TcpStream {
    TcpStream::connect(("127.0.0.1", pod.http)).await.expect("a connection")
}

/// Everything the server says until it hangs up, and when it did. It may not take longer than
/// `deadline`.
async fn farewell(mut socket: TcpStream, deadline: Duration) -> (String, Duration) {
    let start = Instant::now();
    let mut said = Vec::new();
    // A reset after the answer is a farewell too: the server did not read what it refused.
    let _ = timeout(deadline, socket.read_to_end(&mut said))
        .await
        .unwrap_or_else(|_| panic!("still open after {deadline:?}"));
    (String::from_utf8_lossy(&said).into_owned(), start.elapsed())
}

/// Sends `head`, then a byte every 200 ms until the server hangs up.
async fn dribble(pod: &Pod, head: String, deadline: Duration) -> (String, Duration) {
    let (reader, mut writer) = connect(pod).await.into_split();
    writer.write_all(head.as_bytes()).await.expect("the head");
    let dripping = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let start = Instant::now();
    let mut reader = reader;
    let mut said = Vec::new();
    let mut chunk = [0; 1024];
    let listening = async {
        while let Ok(read) = reader.read(&mut chunk).await {
            if read == 0 {
                break;
            }
            said.extend_from_slice(&chunk[..read]);
        }
    };
    timeout(deadline, listening).await.unwrap_or_else(|_| panic!("still open after {deadline:?}"));
    dripping.abort();
    (String::from_utf8_lossy(&said).into_owned(), start.elapsed())
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test(flavor = "multi_thread")]
async fn x23_slow_clients_are_sent_away_and_hinder_nobody() {
    let rig = Rig::new();
    let web = rig.pod("web", &[]).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(connect(&web).await);
    }
    let head = "GET /api/products HTTP/1.1\r\nHost: shop\r\nX-Slow: ".to_owned();
    let body = format!(
        "POST /api/orders HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 1000\r\n\r\n{{",
        user.token
    );
    let patience = Duration::from_secs(14);
    let others = async {
        for _ in 0..20 {
            user.order("AZ-700", 1).await;
        }
    };
    let idle =
        futures_util::future::join_all(silent.into_iter().map(|socket| farewell(socket, patience)));
    let (slow_head, slow_body, idle, ()) =
        tokio::join!(dribble(&web, head, patience), dribble(&web, body, patience), idle, others);
    assert_eq!(status(&slow_head.0), "408", "{slow_head:?}");
    assert_eq!(status(&slow_body.0), "408", "{slow_body:?}");
    assert!(slow_body.0.contains("urn:contoso-shop:problem:too-slow"), "{slow_body:?}");
    assert!(
        slow_head.1 < Duration::from_secs(12) && slow_body.1 < Duration::from_secs(8),
        "{:?} {:?}",
        slow_head.1,
        slow_body.1
    );
    assert_eq!(idle.len(), 50);
    println!("a slow head was ended after {:?}, a slow body after {:?}", slow_head.1, slow_body.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn x23_heads_and_bodies_that_are_too_large_are_refused_unread() {
    let rig = Rig::new();
    let web = rig.pod("web", &[]).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    let soon = Duration::from_secs(10);

    let many: String = (0..200).map(|number| format!("X-{number}: x\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "x".repeat(300_000));
    for headers in [many, long] {
        let mut socket = connect(&web).await;
        // The server may hang up before it has read everything.
        let _ = socket
            .write_all(
                format!("GET /api/products HTTP/1.1\r\nHost: shop\r\n{headers}\r\n").as_bytes(),
            )
            .await;
        let (answer, _) = farewell(socket, soon).await;
        assert!(
            answer.is_empty() || status(&answer) == "431" || status(&answer) == "400",
            "{answer}"
        );
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    let chunk = format!("{:x}\r\n{}\r\n", 8192, " ".repeat(8192));
    for (method, path, token, wanted) in [
        ("POST", "/api/orders", user.token.as_str(), "413"),
        ("POST", "/api/orders", "none", "401"),
        ("POST", "/api/nothing", "none", "404"),
        ("GET", "/api/products", "none", "200"),
    ] {
        for length in ["Content-Length: 100000000", "Transfer-Encoding: chunked"] {
            let mut socket = connect(&web).await;
            let head = format!(
                "{method} {path} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
            );
            socket.write_all(head.as_bytes()).await.expect("the head");
            for _ in 0..32 {
                if socket.write_all(chunk.as_bytes()).await.is_err() {
                    break;
                }
            }
            let (answer, took) = farewell(socket, soon).await;
            println!(
                "{method} {path} {length}: {} closed {took:?} after the last byte",
                status(&answer)
            );
            assert!(answer.is_empty() || status(&answer) == wanted, "{answer}");
        }
    }
    user.order("AZ-700", 1).await;
}
