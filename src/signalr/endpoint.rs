use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use actix_web::HttpRequest;

use super::access::{AccessDenied, Authenticated, ConnectQuery, ConnectionAuthenticator, token};
use super::admissions::Admissions;
use super::connection::CloseCause;
use super::dispatch::Hub;
use super::lifetime::HubLifetime;
use super::options::HubOptions;
use super::session::ConnectionServices;
use super::token::ConnectionTokens;

/// A hub as it is reached over HTTP; see [`super::configure`].
pub struct HubEndpoint {
    hub: Arc<Hub>,
    lifetime: Arc<HubLifetime>,
    options: Arc<HubOptions>,
    authenticator: Arc<dyn ConnectionAuthenticator>,
    pub(super) tokens: ConnectionTokens,
    pub(super) admissions: Arc<Admissions>,
}

impl HubEndpoint {
    /// Serves `hub`. Servers that share `token_key` adopt each other's negotiated connections.
    pub fn new(
        hub: Hub,
        lifetime: Arc<HubLifetime>,
        authenticator: Arc<dyn ConnectionAuthenticator>,
        token_key: &[u8],
        options: HubOptions,
    ) -> Arc<Self> {
        Arc::new(Self {
            hub: Arc::new(hub),
            lifetime,
            authenticator,
            tokens: ConnectionTokens::new(token_key, options.connection_token_lifetime),
            admissions: Admissions::new(options.connections_per_user, options.connections_per_pod),
            options: Arc::new(options),
        })
    }

    /// Refuses new connections with 503 and tells the present ones to reconnect elsewhere, spread
    /// over `clamp(connections / drain rate, 0, window)` so that they do not arrive there all at
    /// once (D12). Returns when all are told.
    pub async fn begin_drain(&self, window: Duration) {
        let live = self.admissions.close();
        let spread = Duration::from_secs_f64(
            live.len() as f64 / self.options.drain_rate_per_second.max(1.0),
        )
        .min(window);
        let started = Instant::now();
        for (index, connection) in live.iter().enumerate() {
            let due = started + spread.mul_f64(index as f64 / live.len() as f64);
            // Shorter pauses than the timer's resolution would add up.
            if due > Instant::now() + Duration::from_millis(1) {
                tokio::time::sleep_until(due.into()).await;
            }
            connection.end(CloseCause::Draining);
        }
    }

    /// Waits until no connection is left, at most `deadline`; returns how many are left.
    pub async fn wait_empty(&self, deadline: Duration) -> usize {
        self.admissions.wait_empty(deadline).await
    }

    /// The fan-out behind it.
    pub fn lifetime(&self) -> &Arc<HubLifetime> {
        &self.lifetime
    }

    pub(super) fn options(&self) -> &Arc<HubOptions> {
        &self.options
    }

    pub(super) fn services(&self) -> ConnectionServices {
        ConnectionServices {
            hub: self.hub.clone(),
            lifetime: self.lifetime.clone(),
            options: self.options.clone(),
        }
    }

    pub(super) async fn authenticate(
        &self,
        request: &HttpRequest,
        query: &ConnectQuery,
    ) -> Result<Authenticated, AccessDenied> {
        let authenticated = self.authenticator.authenticate(token(request, query)).await?;
        if authenticated.user_id.is_empty() {
            return Err(AccessDenied::Forbidden);
        }
        match authenticated.expires_at {
            Some(at) if at <= SystemTime::now() => Err(AccessDenied::Unauthorized),
            _ => Ok(authenticated),
        }
    }
}
