//! An identity provider's HTTP server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Serves discovery and a JWK Set; without a set it breaks every connection.
pub struct KeyServer {
    pub base: String,
    issuer: Arc<Mutex<String>>,
    set: Arc<Mutex<Option<String>>>,
    fetches: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl KeyServer {
    pub async fn start(set: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        let set = Arc::new(Mutex::new(Some(set.to_owned())));
        let fetches = Arc::new(AtomicUsize::new(0));
        let issuer = Arc::new(Mutex::new(base.clone()));
        let task = tokio::spawn(serve(
            listener,
            base.clone(),
            issuer.clone(),
            set.clone(),
            fetches.clone(),
        ));
        Self { base, issuer, set, fetches, task }
    }

    /// Gives this as `issuer` in discovery.
    pub fn call_yourself(&self, issuer: &str) {
        *self.issuer.lock().expect("not poisoned") = issuer.to_owned();
    }

    /// Publishes another set, or stops answering.
    pub fn publish(&self, set: Option<String>) {
        *self.set.lock().expect("not poisoned") = set;
    }

    /// How often the set was asked for.
    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    listener: TcpListener,
    base: String,
    issuer: Arc<Mutex<String>>,
    set: Arc<Mutex<Option<String>>>,
    fetches: Arc<AtomicUsize>,
) {
    loop {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut head = [0; 4096];
        let read = socket.read(&mut head).await.unwrap_or(0);
        let discovery = head[..read].starts_with(b"GET /.well-known/openid-configuration ");
        if !discovery {
            fetches.fetch_add(1, Ordering::SeqCst);
        }
        let Some(set) = set.lock().expect("not poisoned").clone() else { continue };
        let body = if discovery {
            let issuer = issuer.lock().expect("not poisoned").clone();
            serde_json::json!({ "issuer": issuer, "jwks_uri": format!("{base}/keys") }).to_string()
        } else {
            set
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let _ = socket.write_all(format!("{head}{body}").as_bytes()).await;
    }
}
