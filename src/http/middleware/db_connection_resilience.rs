use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderValue, WARNING};
use actix_web::middleware::Next;

use super::{Degraded, mark, outage, replace};
use crate::http::Problem;
use crate::http::extract::IDEMPOTENCY_KEY;
use crate::ports::StoreError;

/// What an outage of the system of record looks like over HTTP (S1-Flow-3c): 503 with Retry-After,
/// at once while its breaker is open; or an older answer from a cache or a copy, marked as such.
/// Errors for good stay as they are.
pub(in crate::http) struct DbConnectionResilienceMiddleware;

impl DbConnectionResilienceMiddleware {
    pub(in crate::http) async fn handle(
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let advice = advice(&request);
        let mut answer = next.call(request).await?.map_into_boxed_body();
        if let Some(retry_after) =
            outage(&answer, StoreError::SQL, |of| of != Some(StoreError::REDIS))
        {
            return Ok(replace(answer, Problem::unavailable(advice, retry_after)));
        }
        if Degraded::of(&answer) == Some(Degraded::Sql) {
            mark(&mut answer, StoreError::SQL);
            // RFC 7234, section 5.5.1: obsolete, and still the one header that says it in words.
            answer
                .headers_mut()
                .insert(WARNING, HeaderValue::from_static("110 - \"Response is Stale\""));
        }
        Ok(answer)
    }
}

/// What a caller may do during an outage. It may have come between a commit and its
/// acknowledgement, and only a key tells a repetition from another order.
fn advice(request: &ServiceRequest) -> &'static str {
    match (request.method(), request.headers().contains_key(IDEMPOTENCY_KEY)) {
        (&Method::POST, true) => {
            "The store cannot be reached right now. Repeat this under the same Idempotency-Key."
        }
        (&Method::POST, false) => {
            "The store cannot be reached right now. This may have been carried out all the same: look before you repeat it, or send an Idempotency-Key next time."
        }
        _ => "The store cannot be reached right now: try again.",
    }
}
