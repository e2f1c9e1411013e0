//! A double of SQL Server: it speaks enough of the TDS protocol (MS-TDS) for the real driver, runs
//! no SQL and answers by script.
//!
//! Microsoft's `mssql-mock-tds` was looked at and does not serve: it answers every RPC request with
//! one registered reply, whatever its statement is, knows neither uniqueidentifier nor bit columns,
//! cannot cut a connection half-way through an answer, and brings OpenSSL along.

mod answer;
mod connection;
mod request;
mod tls;
mod wire;

pub use answer::{Cell, ResultSet, set};
pub use request::{Parameter, Request};
pub use tls::Identity;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What the server does with a request.
#[derive(Clone)]
pub enum Reply {
    /// Answers with these result sets.
    Answer(Vec<ResultSet>),
    /// Answers with an error of this number and nothing else.
    Error(u32),
    /// Sends these result sets, then an error of this number instead of the end.
    AnswerThenError(Vec<ResultSet>, u32),
    /// Closes the connection instead of answering.
    Sever,
    /// Sends half of the answer, then closes the connection.
    SeverHalfway(Vec<ResultSet>),
    /// Answers when it is told to.
    Hold(CancellationToken, Vec<ResultSet>),
    /// Never answers.
    Silence,
}

/// What the server does with a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Lets everybody in.
    Open,
    /// Refuses with an error of this number.
    Refuse(u32),
    /// Closes the connection instead of answering to the login.
    Sever,
    /// Never answers to the login.
    Silence,
    /// Claims to support no encryption.
    NoEncryption,
}

/// What a client said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub application: String,
    pub database: String,
    pub read_only: bool,
}

type Script = Box<dyn FnMut(usize, &Request) -> Reply + Send>;

#[derive(Default)]
struct State {
    scripts: Mutex<HashMap<String, (usize, Script)>>,
    requests: Mutex<Vec<Request>>,
    logins: Mutex<Vec<Login>>,
    gate: Mutex<Option<Gate>>,
    opened: AtomicUsize,
    open: AtomicUsize,
    most: AtomicUsize,
    kill: Mutex<CancellationToken>,
    tls: Option<Identity>,
}

/// A running double; it stops when dropped.
pub struct Double {
    address: SocketAddr,
    state: Arc<State>,
    listener: JoinHandle<()>,
}

impl Drop for Double {
    fn drop(&mut self) {
        self.listener.abort();
        self.kill();
    }
}

impl Double {
    /// Starts one that speaks TLS, and insists on it.
    pub async fn start_with_tls(identity: Identity) -> Self {
        Self::start_with(State { tls: Some(identity), ..State::default() }).await
    }

    /// Starts one on a free port. It answers pings and the schema's version, everything else needs
    /// a script.
    pub async fn start() -> Self {
        Self::start_with(State::default()).await
    }

    async fn start_with(state: State) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let state = Arc::new(state);
        let accepting = state.clone();
        let listener = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let number = accepting.opened.fetch_add(1, Ordering::SeqCst) + 1;
                let open = accepting.open.fetch_add(1, Ordering::SeqCst) + 1;
                accepting.most.fetch_max(open, Ordering::SeqCst);
                let (state, kill) =
                    (accepting.clone(), accepting.kill.lock().expect("lock").clone());
                tokio::spawn(async move {
                    // A client that goes away is an end like any other.
                    tokio::select! {
                        _ = connection::serve(socket, number, &state) => {}
                        () = kill.cancelled() => {}
                    }
                    state.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        let double = Self { address, state, listener };
        double.always(
            "Purpose: whether the database answers",
            Reply::Answer(vec![set(&["Answer"], vec![vec![Cell::Int(1)]])]),
        );
        double
    }

    /// A connection string that leads here, without encryption, and with further keys.
    pub fn connection_string(&self, more: &str) -> String {
        let port = self.address.port();
        format!(
            "Server=127.0.0.1,{port};Database=shop;User Id=app;Password=hunter2;Encrypt=DANGER_PLAINTEXT;{more}"
        )
    }

    /// The address, for connection strings of one's own.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Decides about requests whose text holds `marker`, given how many of them there were before.
    pub fn on(&self, marker: &str, script: impl FnMut(usize, &Request) -> Reply + Send + 'static) {
        self.state.scripts.lock().expect("lock").insert(marker.to_owned(), (0, Box::new(script)));
    }

    /// Always answers requests whose text holds `marker` like this.
    pub fn always(&self, marker: &str, reply: Reply) {
        self.on(marker, move |_, _| reply.clone());
    }

    /// Answers requests whose text holds `marker` with these replies, in turn, the last one for
    /// ever.
    pub fn script(&self, marker: &str, replies: Vec<Reply>) {
        self.on(marker, move |n, _| replies[n.min(replies.len() - 1)].clone());
    }

    /// Decides about logins from now on.
    pub fn gate(&self, gate: Gate) {
        *self.state.gate.lock().expect("lock") = Some(gate);
    }

    /// Closes every connection at once, as a restart does.
    pub fn kill(&self) {
        std::mem::take(&mut *self.state.kill.lock().expect("lock")).cancel();
    }

    /// Requests so far whose text holds `marker`.
    pub fn requests(&self, marker: &str) -> Vec<Request> {
        self.state
            .requests
            .lock()
            .expect("lock")
            .iter()
            .filter(|request| request.text.contains(marker))
            .cloned()
            .collect()
    }

    /// Logins so far.
    pub fn logins(&self) -> Vec<Login> {
        self.state.logins.lock().expect("lock").clone()
    }

    /// Connections opened so far.
    pub fn opened(&self) -> usize {
        self.state.opened.load(Ordering::SeqCst)
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    /// The most connections that were open at a time.
    pub fn most(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }
}

impl State {
    fn decide(&self, request: &Request) -> Reply {
        self.requests.lock().expect("lock").push(request.clone());
        let mut scripts = self.scripts.lock().expect("lock");
        let found = scripts.iter_mut().find(|(marker, _)| request.text.contains(marker.as_str()));
        let Some((_, (count, script))) = found else { panic!("no script for: {}", request.text) };
        *count += 1;
        script(*count - 1, request)
    }
}
