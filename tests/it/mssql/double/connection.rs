//! One connection: pre-login, login, then requests.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{done, end, error, login_ack, results};
use super::request::Request;
use super::wire::{LOGIN, PRELOGIN, RPC, packets, read, write};
use super::{Gate, Login, Reply, State};

/// Serves until either side is done; `None` when the client is gone.
pub async fn serve(mut socket: TcpStream, number: usize, state: &State) -> Option<()> {
    let (kind, _) = read(&mut socket).await?;
    assert_eq!(kind, PRELOGIN, "pre-login comes first");
    write(&mut socket, &prelogin(state.tls.is_some())).await?;
    match &state.tls {
        Some(identity) => session(identity.accept(socket).await?, number, state).await,
        None => session(socket, number, state).await,
    }
}

/// Everything after the encryption has been agreed on.
async fn session(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    number: usize,
    state: &State,
) -> Option<()> {
    let (kind, message) = read(&mut socket).await?;
    let gate = state.gate.lock().expect("lock").unwrap_or(Gate::Open);
    if kind == PRELOGIN {
        // A client that insists on encryption starts a TLS handshake; this server has none to
        // offer.
        assert_eq!(gate, Gate::NoEncryption, "only that test starts TLS");
        return None;
    }
    assert_eq!(kind, LOGIN);
    state.logins.lock().expect("lock").push(login(&message));
    match gate {
        Gate::Open | Gate::NoEncryption => {
            write(&mut socket, &[login_ack(), done(false)].concat()).await?
        }
        Gate::Refuse(number) => {
            return write(&mut socket, &[error(number), done(true)].concat()).await;
        }
        Gate::Sever => return None,
        Gate::Silence => std::future::pending().await,
    }
    loop {
        let (kind, message) = read(&mut socket).await?;
        assert_eq!(kind, RPC, "everything is sent with its parameters");
        let request = Request::parse(number, &message);
        match state.decide(&request) {
            Reply::Answer(sets) => {
                write(&mut socket, &[results(&sets), end(false)].concat()).await?
            }
            Reply::Error(number) => {
                write(&mut socket, &[error(number), end(true)].concat()).await?
            }
            Reply::AnswerThenError(sets, number) => {
                write(&mut socket, &[results(&sets), error(number), end(true)].concat()).await?;
            }
            Reply::Sever => return None,
            Reply::SeverHalfway(sets) => {
                let bytes = packets(&[results(&sets), end(false)].concat());
                socket.write_all(&bytes[..bytes.len() / 2]).await.ok()?;
                return socket.shutdown().await.ok();
            }
            Reply::Hold(told, sets) => {
                // A client that gives up closes the connection meanwhile.
                let mut nothing = [0];
                tokio::select! {
                    () = told.cancelled() => write(&mut socket, &[results(&sets), end(false)].concat()).await?,
                    _ = socket.read(&mut nothing) => return None,
                }
            }
            Reply::Silence => {
                // Until the client gives up.
                let _ = socket.read(&mut [0]).await;
                return None;
            }
        }
    }
}

/// VERSION 14.0 and ENCRYPTION, "required" or "not supported" (MS-TDS 2.2.6.5).
fn prelogin(encrypted: bool) -> Vec<u8> {
    let mut bytes = vec![0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff];
    bytes.extend([14, 0, 0, 0, 0, 0, if encrypted { 3 } else { 2 }]);
    bytes
}

/// User, application, database and intent of a LOGIN7 message (MS-TDS 2.2.6.4).
fn login(message: &[u8]) -> Login {
    let word = |at: usize| usize::from(u16::from_le_bytes([message[at], message[at + 1]]));
    let text = |at: usize| {
        let (offset, length) = (word(at), word(at + 2));
        let units: Vec<u16> = message[offset..offset + length * 2]
            .chunks(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        String::from_utf16(&units).expect("UTF-16")
    };
    // Type flags are the byte at 26; bit 5 is fReadOnlyIntent.
    Login {
        user: text(40),
        application: text(48),
        database: text(68),
        read_only: message[26] & 0x20 != 0,
    }
}
