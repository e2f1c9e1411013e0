use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::web::{Data, ServiceConfig};

use super::StartError;
use super::components::Components;
use super::hub::HubPart;
use super::identity::{Identity, connection_token_key};
use crate::config::{DrainSettings, RateLimitSettings};
use crate::delivery::HandedOver;
use crate::http::{self, HttpPorts, HttpSettings, HttpState, Limits, PublicUrl};
use crate::hubs::ORDER_STATUS_PATH;
use crate::lifecycle::{StopPhase, Supervisor};
use crate::ops::{Ops, health_routes, listener};
use crate::ports::RateLimit;
use crate::signalr;

/// A client may take this long to send its request's head (slow clients must not hold a
/// connection).
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts API, pages and hub. Without Redis the hub publishes what was handed over. Returns the public
/// address.
pub(super) async fn start(
    components: &Components,
    supervisor: &Supervisor,
    ops: Arc<Ops>,
    handed: Option<HandedOver>,
) -> Result<SocketAddr, StartError> {
    let settings = &components.settings;
    let jwt = settings.jwt.as_ref().ok_or_else(|| StartError::new("Jwt", "a web role needs it"))?;
    let identity = Identity::new(jwt)?;
    let keys = identity.keys();
    supervisor.spawn("token-keys", StopPhase::Last, |stop| async move {
        Identity::keep_fresh(keys, stop).await;
        Ok(())
    });
    let hub = HubPart::new(components, supervisor)?;
    hub.join(components, supervisor).await?;
    let token_key = connection_token_key(settings)?;
    let verifier = identity.verifier.clone();
    let endpoint = hub.start(components, verifier, &token_key, handed, supervisor).await;
    let state = Data::new(HttpState::new(
        HttpPorts {
            orders: components.stores.orders.clone(),
            products: components.stores.products.clone(),
            copy: components.copy.clone(),
            redis: components.redis.as_ref().map(|redis| redis.guard.clone() as _),
            reports: components.stores.reports.clone(),
            cache: components.shared_state.cache.clone(),
            sessions: components.shared_state.sessions.clone(),
            limiter: components.shared_state.limiter.clone(),
            wakeup: components.wakeup.clone(),
            events: components.handover.clone(),
            verifier: identity.verifier,
            development_tokens: identity.development,
        },
        HttpSettings {
            allowed_origins: settings.cors_allowed_origins.clone(),
            hub_origins: settings.signalr.allowed_origins.clone(),
            public_url: PublicUrl::new(settings.http.public_url.clone()),
            order_attempts: settings.jobs.max_attempts,
            limits: limits(&settings.rate_limits),
            trusted_proxies: settings.http.trusted_proxies.clone(),
            tokens_for_this_machine_only: jwt.is_implied_development(),
            ..HttpSettings::default()
        },
    ));
    let listen = settings.http.listen;
    let server = HttpServer::new(move || {
        let (ops, endpoint) = (ops.clone(), endpoint.clone());
        let hubs = |config: &mut ServiceConfig| {
            signalr::configure(config, ORDER_STATUS_PATH, endpoint);
        };
        http::app(state.clone(), hubs, health_routes(ops))
    })
    .on_connect(|io, _| signalr::tune_socket(io))
    .workers(usize::from(settings.http.workers))
    .disable_signals()
    .shutdown_timeout(DrainSettings::REQUESTS.as_secs())
    .client_request_timeout(HEAD_TIMEOUT)
    .bind(listen)
    .map_err(|error| StartError::new(format!("Http__Listen: cannot listen on {listen}"), error))?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    let server = server.run();
    supervisor.spawn("public-listener", StopPhase::Requests, |stop| listener::serve(server, stop));
    Ok(address)
}

fn limits(settings: &RateLimitSettings) -> Option<Limits> {
    let a_minute = |permits| RateLimit { permits, per: Duration::from_secs(60) };
    settings.enabled.then(|| Limits {
        orders: a_minute(settings.orders_per_minute),
        requests: a_minute(settings.requests_per_minute),
        connections: a_minute(settings.connections_per_minute),
    })
}
