use actix_web::{HttpResponse, web};

use crate::app::SessionSaved;
use crate::http::dto::SessionDto;
use crate::http::extract::{Caller, Json};
use crate::http::problem::ProblemBody;
use crate::http::{HttpState, Problem};

/// Cart and preferences of the caller. They are kept for 24 hours after the last use.
#[utoipa::path(get, path = "/api/session", operation_id = "getSession", tag = "session", security(("bearer" = [])),
    responses((status = 200, body = SessionDto)))]
pub(in crate::http) async fn find(
    caller: Caller,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let session = state.sessions.find(&caller.0.user).await?;
    Ok(HttpResponse::Ok().json(SessionDto::from(session)))
}

/// Replaces cart and preferences of the caller, unless a later version is there.
#[utoipa::path(put, path = "/api/session", operation_id = "saveSession", tag = "session", security(("bearer" = [])),
    request_body = SessionDto,
    responses(
        (status = 204, description = "Saved"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "The session is not valid"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json", description = "The body came too slowly"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "A later version is there"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json", description = "The body exceeds 64 KiB"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json", description = "The body is not JSON")))]
pub(in crate::http) async fn save(
    caller: Caller,
    body: Json<SessionDto>,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    match state.sessions.save(&caller.0.user, &body.0.session()?).await? {
        SessionSaved::Saved => Ok(HttpResponse::NoContent().finish()),
        SessionSaved::Outdated(known) => Err(Problem::session_outdated(known.version)),
    }
}
