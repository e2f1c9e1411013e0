use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::access::AccessDenied;
use super::admissions::NotAdmitted;
use super::counters::Admission;

/// Seconds after which a refused client may try again.
const RETRY_AFTER: &str = "5";

/// Why a request to a hub is refused.
#[derive(Debug)]
pub(super) enum Refused {
    Origin,
    Access(AccessDenied),
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

impl Refused {
    pub(super) fn response(&self) -> HttpResponse {
        let text = |status: StatusCode, text: String| {
            HttpResponse::build(status).content_type("text/plain").body(text)
        };
        // The JavaScript client shows the body if there is one, so refusals of access have none.
        let empty = HttpResponseBuilder::new;
        match self {
            Self::Origin | Self::Access(AccessDenied::Forbidden) => {
                empty(StatusCode::FORBIDDEN).finish()
            }
            Self::Access(AccessDenied::Unauthorized) => empty(StatusCode::UNAUTHORIZED)
                .insert_header((header::WWW_AUTHENTICATE, "Bearer"))
                .finish(),
            Self::Access(AccessDenied::Unavailable) => {
                retry(StatusCode::SERVICE_UNAVAILABLE).finish()
            }
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

    pub(super) fn admission(&self) -> Admission {
        match self {
            Self::Origin | Self::Access(AccessDenied::Unauthorized | AccessDenied::Forbidden) => {
                Admission::Denied
            }
            Self::Access(AccessDenied::Unavailable) => Admission::Unavailable,
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
