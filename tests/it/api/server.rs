//! A running API with everything behind it.

use std::path::Path;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{HttpServer, web};
use contoso_shop::adapters::TieredCache;
use contoso_shop::adapters::memory::{MemoryRateLimiter, MemorySessions};
use contoso_shop::adapters::sqlite::{SqliteOptions, SqliteStore};
use contoso_shop::auth::{ClaimRules, DevelopmentTokens, TokenVerifier};
use contoso_shop::domain::UserId;
use contoso_shop::http::{self, HttpPorts, HttpSettings, HttpState};
use contoso_shop::ports::{Availability, Stores, SystemClock};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::answer::Answer;
use super::declared::Declared;
use super::doubles::{
    Recorder, Stage, StagedCopy, StagedOrders, StagedProducts, StagedReports, StagedSessions,
};

const SIGNING_KEY: &[u8] = b"a signing key of at least 32 bytes";

/// How a server is started.
#[derive(Default)]
pub struct Setup {
    pub settings: HttpSettings,
    /// Production mode with this verifier; development mode when `None`.
    pub verifier: Option<Arc<dyn TokenVerifier>>,
    /// What it stores in; a fresh SQLite file when `None`.
    pub stores: Option<Stores>,
    /// Whether Redis is said to answer.
    pub redis: Option<Arc<dyn Availability>>,
}

/// An API on a free port; it stops when dropped.
pub struct Server {
    pub base: String,
    pub client: Client,
    pub stores: Stores,
    pub orders: Arc<Stage>,
    pub products: Arc<Stage>,
    pub reports: Arc<Stage>,
    pub sessions: Arc<Stage>,
    pub cache: Arc<TieredCache>,
    pub copy: Arc<StagedCopy>,
    pub recorder: Arc<Recorder>,
    pub tokens: Arc<DevelopmentTokens>,
    pub declared: Declared,
    handle: ServerHandle,
    _folder: tempfile::TempDir,
}

async fn sqlite(folder: &Path, clock: Arc<SystemClock>) -> Stores {
    let options = SqliteOptions::new(folder.join("shop.db"));
    let stores = SqliteStore::open(options, clock).expect("open").stores();
    stores.schema.migrate().await.expect("migrate");
    stores
}

impl Server {
    /// In development mode with the usual settings.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        let clock = Arc::new(SystemClock);
        let stores = match setup.stores {
            Some(stores) => stores,
            None => sqlite(folder.path(), clock.clone()).await,
        };
        let [orders, products, reports, sessions] =
            std::array::from_fn(|_| Arc::new(Stage::default()));
        let cache = Arc::new(TieredCache::local());
        let (copy, recorder) = (Arc::new(StagedCopy::default()), Arc::new(Recorder::default()));
        let tokens = Arc::new(
            DevelopmentTokens::new(SIGNING_KEY, ClaimRules::default(), clock).expect("a long key"),
        );
        let production = setup.verifier.is_some();
        let state = web::Data::new(HttpState::new(
            HttpPorts {
                orders: Arc::new(StagedOrders {
                    inner: stores.orders.clone(),
                    stage: orders.clone(),
                }),
                products: Arc::new(StagedProducts {
                    inner: stores.products.clone(),
                    stage: products.clone(),
                }),
                copy: copy.clone(),
                redis: setup.redis,
                reports: Arc::new(StagedReports {
                    inner: stores.reports.clone(),
                    stage: reports.clone(),
                }),
                cache: cache.clone(),
                sessions: Arc::new(StagedSessions {
                    inner: MemorySessions::default(),
                    stage: sessions.clone(),
                }),
                limiter: Arc::new(MemoryRateLimiter::new(Arc::new(SystemClock))),
                wakeup: recorder.clone(),
                events: recorder.clone(),
                verifier: setup.verifier.unwrap_or_else(|| tokens.clone()),
                development_tokens: (!production).then(|| tokens.clone()),
            },
            setup.settings,
        ));
        let server = HttpServer::new(move || http::app(state.clone(), |_| {}, |_| {}))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .expect("a free port");
        let base = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        let client = Client::new();
        let document = client
            .get(format!("{base}/openapi.json"))
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        Self {
            base,
            client,
            stores,
            orders,
            products,
            reports,
            sessions,
            cache,
            copy,
            recorder,
            tokens,
            declared: Declared::new(document),
            handle,
            _folder: folder,
        }
    }

    /// A development token for `user`.
    pub fn token(&self, user: &str) -> String {
        self.tokens.issue(&UserId::new(user), &[]).token
    }

    /// A development token of an admin.
    pub fn admin(&self) -> String {
        self.tokens.issue(&UserId::new("root"), &["admin".to_owned()]).token
    }

    /// Sends a request and checks what holds for every answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let mut request =
            self.client.request(method.clone(), format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status, headers, body };
        self.declared.check(method.as_str(), path, status);
        assert!(!answer.header("x-request-id").is_empty());
        if status >= 400 && method != Method::HEAD {
            let (plain, query) = path.split_once('?').unwrap_or((path, ""));
            answer.check_problem(if query.starts_with("access_token") { plain } else { path });
        }
        answer
    }

    /// GET as `user`.
    pub async fn get(&self, user: &str, path: &str) -> Answer {
        self.get_with(&self.token(user), path).await
    }

    /// GET with a token.
    pub async fn get_with(&self, token: &str, path: &str) -> Answer {
        self.call(Method::GET, path, &[("authorization", &format!("Bearer {token}"))], "").await
    }

    /// POST /api/orders as `user`.
    pub async fn post(&self, user: &str, key: Option<&str>, body: &Value) -> Answer {
        let authorization = format!("Bearer {}", self.token(user));
        let mut headers =
            vec![("authorization", authorization.as_str()), ("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.call(Method::POST, "/api/orders", &headers, body.to_string()).await
    }

    /// DELETE as `user`.
    pub async fn delete(&self, user: &str, path: &str) -> Answer {
        self.call(
            Method::DELETE,
            path,
            &[("authorization", &format!("Bearer {}", self.token(user)))],
            "",
        )
        .await
    }

    /// Accepts an order of one keyboard and returns its DTO.
    pub async fn order(&self, user: &str) -> Value {
        self.post(user, None, &keyboard(1)).await.expect(201).body
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The command is sent at once; the future only tells when it is done.
        drop(self.handle.stop(false));
    }
}

/// A body that asks for keyboards.
pub fn keyboard(quantity: i64) -> Value {
    json!({ "items": [{ "productId": "KB-100", "quantity": quantity }] })
}
