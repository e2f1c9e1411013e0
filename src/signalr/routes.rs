use std::sync::Arc;
use std::time::SystemTime;

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

use super::access::{Authenticated, Query, Refusal};
use super::admissions::NotAdmitted;
use super::counters::Admission;
use super::endpoint::HubEndpoint;
use super::negotiate::negotiate;
use super::transports::websocket;

/// Seconds after which a refused client may try again.
const RETRY_AFTER: &str = "5";

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

/// Why a request to a hub is refused.
#[derive(Debug)]
pub(super) enum Refused {
    Origin,
    Access(Refusal),
    NotAdmitted(NotAdmitted),
    /// This transport is not served here; its name.
    Transport(&'static str),
    NoId,
    UnknownId,
    PostToWebSocket,
    DeleteOfWebSocket,
    BadUpgrade,
    Method,
}

/// Whether the caller may be here at all: not while draining, not from foreign pages, not without a
/// valid token.
async fn admit(
    endpoint: &HubEndpoint,
    request: &HttpRequest,
) -> Result<(Authenticated, Query), Refused> {
    if endpoint.admissions.is_draining() {
        return Err(Refused::NotAdmitted(NotAdmitted::Draining));
    }
    if !endpoint.options().origins.admit(request) {
        return Err(Refused::Origin);
    }
    let query = Query::of(request);
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

impl Refused {
    fn response(&self) -> HttpResponse {
        let text = |status: StatusCode, text: String| {
            HttpResponse::build(status).content_type("text/plain").body(text)
        };
        // The JavaScript client shows the body if there is one, so refusals of access have none.
        let empty = HttpResponseBuilder::new;
        match self {
            Self::Origin | Self::Access(Refusal::Forbidden) => {
                empty(StatusCode::FORBIDDEN).finish()
            }
            Self::Access(Refusal::Unauthorized) => empty(StatusCode::UNAUTHORIZED)
                .insert_header((header::WWW_AUTHENTICATE, "Bearer"))
                .finish(),
            Self::Access(Refusal::Unavailable) => retry(StatusCode::SERVICE_UNAVAILABLE).finish(),
            Self::NotAdmitted(NotAdmitted::Draining) => {
                retry(StatusCode::SERVICE_UNAVAILABLE).force_close().finish()
            }
            Self::NotAdmitted(NotAdmitted::PodLimit) => {
                retry(StatusCode::SERVICE_UNAVAILABLE).finish()
            }
            Self::NotAdmitted(NotAdmitted::UserLimit) => {
                retry(StatusCode::TOO_MANY_REQUESTS).finish()
            }
            Self::NotAdmitted(NotAdmitted::IdTaken) => empty(StatusCode::CONFLICT).finish(),
            Self::Transport(name) => text(
                StatusCode::NOT_FOUND,
                format!("{name} transport not supported by this end point type"),
            ),
            Self::NoId => text(StatusCode::BAD_REQUEST, "Connection ID required".into()),
            Self::UnknownId => text(StatusCode::NOT_FOUND, "No Connection with that ID".into()),
            Self::PostToWebSocket => text(
                StatusCode::METHOD_NOT_ALLOWED,
                "POST requests are not allowed for WebSocket connections.".into(),
            ),
            Self::DeleteOfWebSocket => text(
                StatusCode::BAD_REQUEST,
                "Cannot terminate this connection using the DELETE endpoint.".into(),
            ),
            Self::BadUpgrade => {
                text(StatusCode::BAD_REQUEST, "This is no WebSocket upgrade.".into())
            }
            Self::Method => HttpResponse::MethodNotAllowed().content_type("text/plain").finish(),
        }
    }

    fn admission(&self) -> Admission {
        match self {
            Self::Origin | Self::Access(Refusal::Unauthorized | Refusal::Forbidden) => {
                Admission::Denied
            }
            Self::Access(Refusal::Unavailable) => Admission::Unavailable,
            Self::NotAdmitted(NotAdmitted::Draining) => Admission::Draining,
            Self::NotAdmitted(NotAdmitted::PodLimit | NotAdmitted::UserLimit) => {
                Admission::OverLimit
            }
            Self::NotAdmitted(NotAdmitted::IdTaken) | Self::UnknownId => Admission::UnknownId,
            _ => Admission::BadRequest,
        }
    }
}

fn retry(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponseBuilder::new(status);
    response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
    response
}
