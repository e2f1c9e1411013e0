use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use uuid::Uuid;

use super::{Problem, TraceContext};

/// What names a request in logs, problems and jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestContext {
    /// `X-Request-Id`, if the client sent a well-formed one, else made here.
    pub request_id: String,
    /// Its place in a trace.
    pub trace: TraceContext,
}

impl RequestContext {
    /// Reads the request's headers.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let request_id = match text("x-request-id").filter(|id| is_well_formed(id)) {
            Some(id) => id.to_owned(),
            None => Uuid::new_v4().simple().to_string(),
        };
        Self { request_id, trace: TraceContext::continue_from(text("traceparent")) }
    }
}

/// Hands the context to a handler.
pub(super) struct Context(pub(super) Rc<RequestContext>);

impl FromRequest for Context {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Rc<RequestContext>>().cloned();
        ready(Ok(Self(known.unwrap_or_else(|| Rc::new(RequestContext::of(request.headers()))))))
    }
}

fn is_well_formed(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::is_well_formed;

    #[test]
    fn request_ids_are_short_and_plain() {
        assert!(is_well_formed("a-Z_0.9"));
        for bad in ["", "a b", "a\"b", "é", &"x".repeat(65)] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}
