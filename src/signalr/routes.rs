use std::sync::Arc;
use std::time::SystemTime;

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};

use super::access::{Authenticated, ConnectQuery};
use super::admissions::NotAdmitted;
use super::endpoint::HubEndpoint;
use super::negotiate::negotiate;
use super::refused::Refused;
use super::transports::websocket;

/// Mounts a hub at `path`, such as `/hubs/chat`: the transports there, negotiation at
/// `{path}/negotiate` (B1). Answers to preflights, and what browsers need to read answers of another
/// origin, belong to whoever mounts it (B7).
pub fn configure(config: &mut web::ServiceConfig, path: &str, endpoint: Arc<HubEndpoint>) {
    let at_negotiate = endpoint.clone();
    config.service(web::resource(format!("{path}/negotiate")).route(web::route().to(
        move |request: HttpRequest| {
            let endpoint = at_negotiate.clone();
            async move {
                let answer = match *request.method() {
                    Method::OPTIONS => Ok(HttpResponse::NoContent().finish()),
                    Method::POST => match admit(&endpoint, &request).await {
                        Ok((user, query)) => Ok(negotiate(&endpoint, &user, &query)),
                        Err(refused) => Err(refused),
                    },
                    _ => Err(Refused::Method),
                };
                finish(&endpoint, answer)
            }
        },
    )));
    config.service(web::resource(path).route(web::route().to(
        move |request: HttpRequest, payload: web::Payload| {
            let endpoint = endpoint.clone();
            async move {
                let answer = connect(&endpoint, &request, payload).await;
                finish(&endpoint, answer)
            }
        },
    )));
}

/// Whether the caller may be here at all: not while draining, not from foreign pages, not without a
/// valid token.
async fn admit(
    endpoint: &HubEndpoint,
    request: &HttpRequest,
) -> Result<(Authenticated, ConnectQuery), Refused> {
    if endpoint.admissions.is_draining() {
        return Err(Refused::NotAdmitted(NotAdmitted::Draining));
    }
    if !endpoint.options().origins.admit(request) {
        return Err(Refused::Origin);
    }
    let query = ConnectQuery::of(request);
    let user = endpoint.authenticate(request, &query).await.map_err(Refused::Access)?;
    Ok((user, query))
}

async fn connect(
    endpoint: &Arc<HubEndpoint>,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refused> {
    let method = request.method();
    if method == Method::OPTIONS {
        return Ok(HttpResponse::NoContent().finish());
    }
    if ![Method::GET, Method::POST, Method::DELETE].contains(method) {
        return Err(Refused::Method);
    }
    let (user, query) = admit(endpoint, request).await?;
    let id = match query.get("id").filter(|id| !id.is_empty()) {
        Some(token) => Some(
            endpoint
                .tokens
                .verify(token, &user.user_id, SystemTime::now())
                .ok_or(Refused::UnknownId),
        ),
        None => None,
    };
    if method == Method::GET {
        if is_upgrade(request) {
            return websocket::accept(endpoint, request, payload, user, id.transpose()?);
        }
        let accept = request
            .headers()
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let transport =
            if accept.contains("text/event-stream") { "ServerSentEvents" } else { "LongPolling" };
        return Err(Refused::Transport(transport));
    }
    // The only connections there are now use WebSockets, which take no requests besides the
    // upgrade.
    match id {
        None => Err(Refused::NoId),
        Some(Err(refused)) => Err(refused),
        Some(Ok(_)) if method == Method::POST => Err(Refused::PostToWebSocket),
        Some(Ok(_)) => Err(Refused::DeleteOfWebSocket),
    }
}

fn is_upgrade(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Turns a refusal into its answer (B3) and counts it.
fn finish(endpoint: &HubEndpoint, answer: Result<HttpResponse, Refused>) -> HttpResponse {
    answer.unwrap_or_else(|refused| {
        endpoint.lifetime().counters().admitted(refused.admission());
        refused.response()
    })
}
