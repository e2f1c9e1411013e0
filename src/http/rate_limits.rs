use std::net::IpAddr;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use ipnet::IpNet;

use super::client_address::{Client, TrustedProxies, subscriber};
use super::{HttpState, Problem};
use crate::domain::UserId;
use crate::ports::{RateDecision, RateLimit, RateLimiter};

/// What one caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Orders of one user.
    pub orders: RateLimit,
    /// Requests of one address to `/api` and `/dev`, counted before anybody's token is looked at.
    pub requests: RateLimit,
    /// Attempts of one address to connect to a hub.
    pub connections: RateLimit,
}

/// The limits at work. Where the count cannot be had the caller passes: a limit must not become an
/// outage.
pub(super) struct RateLimits {
    limiter: Arc<dyn RateLimiter>,
    limits: Limits,
    proxies: TrustedProxies,
}

impl RateLimits {
    /// Counts in `limiter`, and looks past `proxies` for addresses.
    pub(super) fn new(limiter: Arc<dyn RateLimiter>, limits: Limits, proxies: Vec<IpNet>) -> Self {
        Self { limiter, limits, proxies: TrustedProxies::new(proxies) }
    }

    /// Takes the user's permit for an order.
    pub(super) async fn order(&self, user: &UserId) -> Result<Option<RateDecision>, Problem> {
        self.take("orders", user.as_str(), self.limits.orders).await
    }

    /// Takes the address's permit. Nobody is limited on this very machine, where a developer works.
    async fn address(
        &self,
        counted: Counted,
        peer: IpAddr,
        headers: &HeaderMap,
    ) -> Result<Option<RateDecision>, Problem> {
        let Client::At(address) = self.proxies.client(peer, headers) else { return Ok(None) };
        let (name, limit) = match counted {
            Counted::Requests => ("requests", self.limits.requests),
            Counted::Connections => ("connections", self.limits.connections),
        };
        self.take(name, &subscriber(address), limit).await
    }

    async fn take(
        &self,
        name: &'static str,
        who: &str,
        limit: RateLimit,
    ) -> Result<Option<RateDecision>, Problem> {
        match self.limiter.take(&format!("{name}:{who}"), limit).await {
            Ok(decision) if decision.allowed => Ok(Some(decision)),
            Ok(decision) => {
                metrics::counter!("contoso_rate_limited_total", "limit" => name).increment(1);
                Err(Problem::too_many(decision))
            }
            Err(error) => {
                tracing::warn!(%error, limit = name, "a rate limit is not applied");
                Ok(None)
            }
        }
    }
}

/// What an address is limited in.
#[derive(Debug, Clone, Copy)]
enum Counted {
    Requests,
    Connections,
}

/// Limits the requests of one address, for a scope. The router has decoded and matched the path by
/// then, so no spelling of it escapes.
pub(super) async fn limit_requests(
    state: web::Data<HttpState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    limit(Counted::Requests, state, request, next).await
}

/// Limits the attempts of one address to connect, for a scope.
pub(super) async fn limit_connections(
    state: web::Data<HttpState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    limit(Counted::Connections, state, request, next).await
}

/// Counts a request before anything else is done for it, and tells every caller how it stands with
/// its limit.
async fn limit(
    counted: Counted,
    state: web::Data<HttpState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let taken = match (&state.limits, request.peer_addr()) {
        (Some(limits), Some(peer)) if request.method() != Method::OPTIONS => {
            limits.address(counted, peer.ip(), request.headers()).await
        }
        _ => Ok(None),
    };
    match taken {
        Ok(Some(decision)) => note(request.request(), decision),
        Ok(None) => {}
        Err(problem) => return Ok(request.error_response(problem)),
    }
    let mut answer = next.call(request).await?.map_into_boxed_body();
    // The narrowest limit that was asked has left its decision last.
    let decision = answer.request().extensions().get::<RateDecision>().copied();
    if let Some(decision) = decision {
        for (name, value) in headers(&decision) {
            if !answer.headers().contains_key(&name) {
                answer.headers_mut().insert(name, value);
            }
        }
    }
    Ok(answer)
}

/// Leaves a decision for the answer's headers.
pub(super) fn note(request: &impl HttpMessage, decision: RateDecision) {
    request.extensions_mut().insert(decision);
}

/// How a caller stands, in whole seconds (draft-ietf-httpapi-ratelimit-headers-06).
pub(super) fn headers(decision: &RateDecision) -> [(HeaderName, HeaderValue); 3] {
    let seconds = decision.reset_after.as_secs_f64().ceil() as u64;
    [
        (HeaderName::from_static("ratelimit-limit"), decision.limit.into()),
        (HeaderName::from_static("ratelimit-remaining"), decision.remaining.into()),
        (HeaderName::from_static("ratelimit-reset"), seconds.into()),
    ]
}
