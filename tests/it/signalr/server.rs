//! A hub server with a hub made for tests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer};
use async_trait::async_trait;
use contoso_shop::signalr::backplane::{Backplane, InProcessBus};
use contoso_shop::signalr::{
    AccessDenied, Authenticated, ConnectionAuthenticator, Hub, HubContext, HubEndpoint, HubError,
    HubLifetime, HubOptions, MissingVersions, configure, tune_socket,
};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What happened in the hub's hooks and methods, in order.
pub type Log = Arc<Mutex<Vec<String>>>;

pub struct TestServer {
    pub endpoint: Arc<HubEndpoint>,
    pub log: Log,
    /// `Wait` takes one permit each time.
    pub gate: Arc<Semaphore>,
    address: SocketAddr,
    handle: ServerHandle,
    /// What connections waited for.
    pub missing: Arc<Mutex<Vec<MissingVersions>>>,
    _ends_with_the_server: DropGuard,
}

impl TestServer {
    pub fn start() -> Self {
        Self::with(HubOptions::default())
    }

    pub fn with(options: HubOptions) -> Self {
        Self::on(InProcessBus::new().join("TestHub"), options)
    }

    pub fn on(backplane: Arc<dyn Backplane>, options: HubOptions) -> Self {
        let (lifetime, gaps) = HubLifetime::new(backplane);
        let (stop, _ends_with_the_server) = {
            let stop = CancellationToken::new();
            (stop.clone(), stop.drop_guard())
        };
        let missing = Arc::<Mutex<Vec<MissingVersions>>>::default();
        let asked = missing.clone();
        tokio::spawn(gaps.keep(move |missing| asked.lock().unwrap().push(missing), stop));
        let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
        let hub = hub(&log, &gate);
        let endpoint = HubEndpoint::new(
            hub,
            lifetime,
            Arc::new(NamedUsers),
            b"a key both servers share",
            options,
        );
        let mounted = endpoint.clone();
        let server = HttpServer::new(move || {
            App::new().configure(|config| configure(config, "/hub", mounted.clone()))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .on_connect(|io, _| tune_socket(io))
        .bind(("127.0.0.1", 0))
        .expect("a free port");
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { endpoint, log, missing, gate, address, handle, _ends_with_the_server }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hub", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn context(&self) -> HubContext {
        HubContext::new(self.endpoint.lifetime().clone())
    }

    pub fn logged(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub async fn wait_connections(&self, count: u64) {
        crate::support::wait::until(
            &format!("{count} connections"),
            Duration::from_secs(10),
            || async { (self.endpoint.lifetime().stats().connections == count).then_some(()) },
        )
        .await;
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Dropping the future would leave the server running; the command is queued by creating it.
        drop(tokio::spawn(self.handle.stop(false)));
    }
}

/// The token is the user's name; `name~250` ends after 250 ms.
struct NamedUsers;

#[async_trait]
impl ConnectionAuthenticator for NamedUsers {
    async fn authenticate(&self, token: Option<&str>) -> Result<Authenticated, AccessDenied> {
        match token.ok_or(AccessDenied::Unauthorized)? {
            "bad" => Err(AccessDenied::Unauthorized),
            "nobody" => Ok(Authenticated { user_id: String::new(), expires_at: None }),
            "banned" => Err(AccessDenied::Forbidden),
            "outage" => Err(AccessDenied::Unavailable),
            token => {
                let (name, milliseconds) = token.split_once('~').unwrap_or((token, ""));
                let expires_at = milliseconds
                    .parse()
                    .ok()
                    .map(|ms| SystemTime::now() + Duration::from_millis(ms));
                Ok(Authenticated { user_id: name.to_owned(), expires_at })
            }
        }
    }
}

fn hub(log: &Log, gate: &Arc<Semaphore>) -> Hub {
    let (connected, disconnected, waits, gate) =
        (log.clone(), log.clone(), log.clone(), gate.clone());
    Hub::builder()
        .method("Echo", |_, (text,): (String,)| async move { Ok(text) })
        .method("Add", |_, (a, b): (i64, i64)| async move { Ok(a + b) })
        .method("Nothing", |_, ()| async { Ok(()) })
        .method(
            "Refuse",
            |_, (text,): (String,)| async move { Err::<(), _>(HubError::shown(text)) },
        )
        .method("Break", |_, ()| async { Err::<(), _>(HubError::hidden("secret detail")) })
        .method("Panic", |_, (now,): (bool,)| {
            assert!(!now, "panics before there is a future");
            async move {
                assert!(now, "panics inside the future");
                Ok(())
            }
        })
        .method("WhoAmI", |caller, ()| async move {
            Ok((caller.user_id().to_owned(), caller.connection_id().as_str().to_owned()))
        })
        .method("Abort", |caller, ()| async move {
            caller.abort();
            Ok(())
        })
        .method("Join", |caller, (group,): (String,)| async move {
            caller
                .clients()
                .add_to_group(caller.connection_id(), &group)
                .await
                .map_err(HubError::hidden)
        })
        .method("Wait", move |_, (name,): (String,)| {
            let (gate, log) = (gate.clone(), waits.clone());
            async move {
                log.lock().unwrap().push(format!("start {name}"));
                gate.acquire().await.map_err(HubError::hidden)?.forget();
                log.lock().unwrap().push(format!("end {name}"));
                Ok(name)
            }
        })
        .on_connected(move |caller| {
            let log = connected.clone();
            async move {
                log.lock().unwrap().push(format!("connected {}", caller.user_id()));
                match caller.user_id() {
                    "unwelcome" => Err(HubError::shown("go away")),
                    "cursed" => panic!("the connected hook panics"),
                    _ => Ok(()),
                }
            }
        })
        .on_disconnected(move |caller, error| {
            let log = disconnected.clone();
            async move {
                let error = error.map(|error| format!(": {error}")).unwrap_or_default();
                log.lock().unwrap().push(format!("disconnected {}{error}", caller.user_id()));
            }
        })
        .build()
}
