use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::is_legal_subject;
use crate::domain::{Timestamp, UserId};
use crate::http::extract::{Json, TokenSeeker};
use crate::http::problem::ProblemBody;
use crate::http::{HttpState, Problem};

/// Who wants a token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct TokenRequest {
    /// Any name; it becomes the token's `sub`.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$")]
    user_id: String,
}

/// A development token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct TokenDto {
    user_id: String,
    /// Goes into `Authorization: Bearer …`.
    token: String,
    /// Two hours from now.
    #[schema(value_type = time::OffsetDateTime)]
    expires_at_utc: Timestamp,
}

/// A token for any user, without a password. Only in development mode, and only for this machine
/// unless Jwt__Mode asks for it.
#[utoipa::path(post, path = "/dev/token", operation_id = "issueDevelopmentToken", tag = "development", request_body = TokenRequest,
    responses(
        (status = 200, body = TokenDto),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "The name is not valid"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "Development mode was not asked for, and the request came through a proxy or under a name that is not loopback"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json", description = "The body came too slowly"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json", description = "The body exceeds 64 KiB"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json", description = "The body is not JSON")))]
pub(in crate::http) async fn token(
    _: TokenSeeker,
    body: Json<TokenRequest>,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let tokens = state
        .development_tokens
        .as_ref()
        .ok_or_else(|| Problem::not_found("This path is unknown."))?;
    let TokenRequest { user_id } = body.0;
    if !is_legal_subject(&user_id) {
        let message = "1 to 200 characters are expected, none of them a control character";
        return Err(Problem::invalid([("userId".to_owned(), message.to_owned())]));
    }
    let issued = tokens.issue(&UserId::new(user_id.as_str()), &[]);
    Ok(HttpResponse::Ok().json(TokenDto {
        user_id,
        token: issued.token,
        expires_at_utc: issued.expires_at,
    }))
}
