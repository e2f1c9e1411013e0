use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use ipnet::IpNet;
use tokio::sync::Semaphore;

use super::public_url::PublicUrl;
use super::rate_limits::{Limits, RateLimits};
use super::{openapi, pages};
use crate::app::{
    AfterCommit, CancelOrder, GetOrder, GetOrderStatus, ListOrders, ListProducts, PlaceOrder,
    ReadReports, SetStock, UserSessions,
};
use crate::auth::{DevelopmentTokens, TokenVerifier};
use crate::ports::{
    Availability, Cache, CommittedEvents, OrderStore, ProductStore, RateLimiter, Reports, Sessions,
    StatusCopy, SystemClock, Wakeup,
};

/// Limits of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Requests worked on at once in this process; more are answered 503 at once.
    pub max_in_flight: usize,
    /// How long a handler may take before it is answered 503.
    pub deadline: Duration,
    /// Origins of pages that may call API and hubs from elsewhere, such as `https://shop.example`; none by
    /// default.
    pub allowed_origins: Vec<String>,
    /// Origins of pages that may connect to hubs from elsewhere, and nothing else.
    pub hub_origins: Vec<String>,
    /// Where browsers reach this server; begins the addresses of pictures.
    pub public_url: PublicUrl,
    /// Times an order's job may be started before the order is given up (`Jobs__MaxAttempts`).
    pub order_attempts: u32,
    /// What one caller may do; `None`: anything.
    pub limits: Option<Limits>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether `POST /dev/token` refuses what a proxy forwarded.
    pub tokens_for_this_machine_only: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            max_in_flight: 1024,
            deadline: Duration::from_secs(10),
            allowed_origins: Vec::new(),
            hub_origins: Vec::new(),
            public_url: PublicUrl::default(),
            order_attempts: 5,
            limits: None,
            trusted_proxies: Vec::new(),
            tokens_for_this_machine_only: false,
        }
    }
}

/// What the API stands on.
pub struct HttpPorts {
    /// Orders.
    pub orders: Arc<dyn OrderStore>,
    /// The catalogue.
    pub products: Arc<dyn ProductStore>,
    /// The shared status copy.
    pub copy: Arc<dyn StatusCopy>,
    /// Whether Redis answers; `None` where there is none.
    pub redis: Option<Arc<dyn Availability>>,
    /// Sums over orders.
    pub reports: Arc<dyn Reports>,
    /// Copies of what everybody reads.
    pub cache: Arc<dyn Cache>,
    /// Carts and preferences.
    pub sessions: Arc<dyn Sessions>,
    /// Counts requests.
    pub limiter: Arc<dyn RateLimiter>,
    /// Hints to workers and the relay.
    pub wakeup: Arc<dyn Wakeup>,
    /// Takes the events of committed changes.
    pub events: Arc<dyn CommittedEvents>,
    /// Who callers are.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Makes tokens at `POST /dev/token`; `None` in production, where the path is unknown.
    pub development_tokens: Option<Arc<DevelopmentTokens>>,
}

/// Everything a handler may need, shared by all of a server's workers.
pub struct HttpState {
    pub(super) place_order: PlaceOrder,
    pub(super) cancel_order: CancelOrder,
    pub(super) get_order: GetOrder,
    pub(super) list_orders: ListOrders,
    pub(super) order_status: GetOrderStatus,
    pub(super) products: ListProducts,
    pub(super) set_stock: SetStock,
    pub(super) reports: ReadReports,
    pub(super) sessions: UserSessions,
    pub(super) limits: Option<RateLimits>,
    pub(super) redis: Option<Arc<dyn Availability>>,
    pub(super) verifier: Arc<dyn TokenVerifier>,
    pub(super) development_tokens: Option<Arc<DevelopmentTokens>>,
    pub(super) settings: HttpSettings,
    pub(super) in_flight: Semaphore,
    pub(super) openapi: Bytes,
    pub(super) page_policy: String,
}

impl HttpState {
    /// Wires the use cases to `ports`.
    pub fn new(ports: HttpPorts, settings: HttpSettings) -> Self {
        let HttpPorts {
            orders,
            products,
            copy,
            redis,
            reports,
            cache,
            sessions,
            limiter,
            wakeup,
            events,
            verifier,
            development_tokens,
        } = ports;
        let after_commit = AfterCommit::new(Arc::clone(&copy), wakeup, events);
        Self {
            place_order: PlaceOrder::new(
                Arc::clone(&orders),
                after_commit.clone(),
                settings.order_attempts,
            ),
            cancel_order: CancelOrder::new(Arc::clone(&orders), after_commit.clone()),
            get_order: GetOrder::new(Arc::clone(&orders)),
            list_orders: ListOrders::new(Arc::clone(&orders)),
            order_status: GetOrderStatus::new(orders, copy, after_commit),
            products: ListProducts::new(Arc::clone(&products), cache.clone()),
            set_stock: SetStock::new(products, cache.clone()),
            reports: ReadReports::new(reports, cache, Arc::new(SystemClock)),
            sessions: UserSessions::new(sessions),
            limits: settings
                .limits
                .map(|limits| RateLimits::new(limiter, limits, settings.trusted_proxies.clone())),
            redis,
            verifier,
            page_policy: pages::policy(&settings.public_url),
            openapi: openapi::document(development_tokens.is_some()),
            development_tokens,
            in_flight: Semaphore::new(settings.max_in_flight),
            settings,
        }
    }
}
