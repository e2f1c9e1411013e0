//! A TCP proxy on 127.0.0.1 that misbehaves on demand.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Pass,
    Delay(Duration),
    Hang,
    Cut,
}

/// Passes bytes on to a port of 127.0.0.1, until it is told otherwise. Ends, with its connections,
/// when dropped.
pub struct FaultProxy {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    mode: watch::Sender<Mode>,
}

impl FaultProxy {
    /// Starts a proxy before `target`.
    pub async fn start(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let (mode, watched) = watch::channel(Mode::Pass);
        tokio::spawn(accept(listener, target, watched));
        Self { port, mode }
    }

    /// Closes every connection, and new ones at once.
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Takes everything and passes nothing on.
    pub fn hang(&self) {
        self.mode.send_replace(Mode::Hang);
    }

    /// Passes each piece on after a pause.
    pub fn delay(&self, pause: Duration) {
        self.mode.send_replace(Mode::Delay(pause));
    }

    /// Passes everything on again, also what was held back.
    pub fn heal(&self) {
        self.mode.send_replace(Mode::Pass);
    }
}

async fn accept(listener: TcpListener, target: u16, mut mode: watch::Receiver<Mode>) {
    loop {
        tokio::select! {
            changed = mode.changed() => if changed.is_err() { return },
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { return };
                if *mode.borrow() != Mode::Cut {
                    tokio::spawn(connect(client, target, mode.clone()));
                }
            }
        }
    }
}

async fn connect(client: TcpStream, target: u16, mode: watch::Receiver<Mode>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, mode.clone()) => {}
        () = pump(from_server, to_client, mode.clone()) => {}
        () = cut(mode) => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut mode: watch::Receiver<Mode>,
) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let Ok(current) = mode.wait_for(|mode| *mode != Mode::Hang).await.map(|mode| *mode) else {
            return;
        };
        if let Mode::Delay(pause) = current {
            sleep(pause).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

async fn cut(mut mode: watch::Receiver<Mode>) {
    let _ = mode.wait_for(|mode| *mode == Mode::Cut).await;
}
