use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::rate_limits;
use crate::auth::TokenError;
use crate::domain::OrderStatus;
use crate::ports::{RateDecision, StoreError};

/// The media type of RFC 9457.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was not served, as a client may know it (RFC 9457, X-02). What only operators may
/// know is its `cause`.
#[derive(Debug)]
pub struct Problem(Box<Content>);

/// Boxed, so that results stay small.
#[derive(Debug)]
struct Content {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    errors: BTreeMap<String, Vec<String>>,
    retry_after: Option<Duration>,
    challenge: Option<String>,
    limit: Option<RateDecision>,
    cause: Option<StoreError>,
}

/// The body of every answer that is no success.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(super) struct ProblemBody<'a> {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    /// The kind in words.
    title: &'a str,
    /// The HTTP status code.
    status: u16,
    /// This very problem in words.
    detail: &'a str,
    /// Path and query of the request.
    instance: &'a str,
    /// The trace to look for in the logs.
    trace_id: &'a str,
    /// What is wrong with which field, such as `items[0].quantity`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    errors: &'a BTreeMap<String, Vec<String>>,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let detail = detail.into();
        let errors = BTreeMap::new();
        Self(Box::new(Content {
            status,
            kind,
            title,
            detail,
            errors,
            retry_after: None,
            challenge: None,
            limit: None,
            cause: None,
        }))
    }

    /// 400: the request cannot be understood.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed-request",
            "The request cannot be understood",
            detail,
        )
    }

    /// 400: fields with what is wrong with them.
    pub fn invalid(errors: impl IntoIterator<Item = (String, String)>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "validation",
            "The request is not valid",
            "One or more fields are not valid.",
        )
        .with(errors)
    }

    /// Names fields with what is wrong with them.
    fn with(mut self, errors: impl IntoIterator<Item = (String, String)>) -> Self {
        for (field, message) in errors {
            self.0.errors.entry(field).or_default().push(message);
        }
        self
    }

    /// 401: no bearer token in the header.
    pub fn no_token() -> Self {
        let detail = "Send a token in the header 'Authorization: Bearer …'.";
        let mut problem =
            Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "A token is needed", detail);
        problem.0.challenge = Some("Bearer".to_owned());
        problem
    }

    /// 403.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "That is not allowed", detail)
    }

    /// 404.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }

    /// 409: the order cannot be cancelled any more.
    pub fn order_finished(status: OrderStatus) -> Self {
        let detail = format!("This order is {}: it cannot be cancelled any more.", status.name());
        Self::new(StatusCode::CONFLICT, "order-finished", "The order is finished", detail)
    }

    /// 422: fields that ask for more than there is.
    pub fn out_of_stock(errors: impl IntoIterator<Item = (String, String)>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "out-of-stock",
            "There is not enough in stock",
            "Nothing was ordered. Ask for no more than is left.",
        )
        .with(errors)
    }

    /// 409: the first request with this idempotency key has not been answered yet.
    pub fn request_in_progress() -> Self {
        let detail = "The first request with this Idempotency-Key is still running: ask again for its answer.";
        let mut problem = Self::new(
            StatusCode::CONFLICT,
            "request-in-progress",
            "The request is still running",
            detail,
        );
        problem.0.retry_after = Some(Duration::from_secs(1));
        problem
    }

    /// 409: a later version of the session is there.
    pub fn session_outdated(version: u64) -> Self {
        let detail =
            format!("Version {version} was saved meanwhile: read it before you save again.");
        Self::new(StatusCode::CONFLICT, "session-outdated", "A later session is there", detail)
    }

    /// 413.
    pub fn too_large(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", detail)
    }

    /// 415.
    pub fn not_json() -> Self {
        let detail = "Send JSON with the header 'Content-Type: application/json'.";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "The media type is not supported",
            detail,
        )
    }

    /// 422: the idempotency key was used for another body.
    pub fn key_reused() -> Self {
        let detail =
            "This Idempotency-Key was used for another order: use a new key for a new order.";
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "The idempotency key was used before",
            detail,
        )
    }

    /// 408: the body came too slowly.
    pub fn too_slow() -> Self {
        let detail = "The body did not arrive in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The request came too slowly", detail)
    }

    /// 429: the caller has used up its limit.
    pub fn too_many(decision: RateDecision) -> Self {
        let detail =
            "You ask more often than is allowed. The header Retry-After says when to go on.";
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests",
            detail,
        );
        problem.0.retry_after = Some(decision.retry_after);
        problem.0.limit = Some(decision);
        problem
    }

    /// 503: try again later.
    pub fn unavailable(detail: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The service is temporarily unavailable",
            detail,
        );
        problem.0.retry_after = Some(retry_after);
        problem
    }

    /// What the framework answered with nothing but a status.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found("This path is unknown."),
            StatusCode::METHOD_NOT_ALLOWED => {
                let detail =
                    "This path does not take this method; the header Allow lists those it takes.";
                Self::new(status, "method-not-allowed", "The method is not allowed", detail)
            }
            _ => Self::new(status, "", status.canonical_reason().unwrap_or("Error"), ""),
        }
    }

    /// What only operators may know.
    pub(super) fn cause(&self) -> Option<&StoreError> {
        self.0.cause.as_ref()
    }

    /// The answer for the request that names itself `instance`, in the trace `trace_id`.
    pub(super) fn respond(&self, instance: &str, trace_id: &str) -> HttpResponse {
        let kind = match self.0.kind {
            "" => Cow::Borrowed("about:blank"),
            kind => Cow::Owned(format!("urn:contoso-shop:problem:{kind}")),
        };
        let (title, detail, errors) = (self.0.title, &*self.0.detail, &self.0.errors);
        let body = ProblemBody {
            kind,
            title,
            status: self.0.status.as_u16(),
            detail,
            instance,
            trace_id,
            errors,
        };
        let mut response = HttpResponse::build(self.0.status);
        if let Some(wait) = self.0.retry_after {
            // Whole seconds (RFC 9110, section 10.2.3); zero would invite a storm.
            response.insert_header((RETRY_AFTER, wait.as_secs_f64().ceil().max(1.0).to_string()));
        }
        if let Some(decision) = &self.0.limit {
            for header in rate_limits::headers(decision) {
                response.insert_header(header);
            }
        }
        if let Some(challenge) = &self.0.challenge {
            response.insert_header((WWW_AUTHENTICATE, challenge.as_str()));
        }
        let body = serde_json::to_vec(&body).expect("texts and numbers serialise");
        response.insert_header((CONTENT_TYPE, PROBLEM_JSON)).body(body)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.title, self.0.detail)
    }
}

/// Without the request at hand; [`super::observe`] renders the problem again with it.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.respond("", "")
    }
}

/// 500, unless [`super::middleware`] finds that the cause will pass.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let detail = "Something went wrong on our side. The trace id leads operators to the cause.";
        let mut problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "An unexpected error occurred",
            detail,
        );
        problem.0.cause = Some(error);
        problem
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused(refusal) => {
                let mut problem = Self::no_token();
                problem.0.title = "The token was refused";
                problem.0.detail = format!("The token was refused: {refusal}.").into();
                // RFC 6750, section 3.
                problem.0.challenge = Some(format!(
                    "Bearer error=\"invalid_token\", error_description=\"{refusal}\""
                ));
                problem
            }
            TokenError::NoSubject => Self::forbidden(
                "The token names no user: its claim sub is missing, empty or malformed.",
            ),
            TokenError::KeysUnavailable { retry_after } => {
                Self::unavailable("Tokens cannot be checked right now: try again.", retry_after)
            }
        }
    }
}
