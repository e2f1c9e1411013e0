//! What stands between the API's handlers and a dependency that fails. Handlers return their ports'
//! errors as they are; here they become what HTTP has for them.

mod db_connection_resilience;
mod degraded;
mod redis_resilience;

pub(super) use db_connection_resilience::DbConnectionResilienceMiddleware;
pub(super) use degraded::Degraded;
pub(super) use redis_resilience::RedisResilienceMiddleware;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderName, HeaderValue};

use super::Problem;
use crate::ports::StoreError;

/// Names the dependencies an answer was given without.
const X_DEGRADED: HeaderName = HeaderName::from_static("x-degraded");

/// When another try makes sense, if the answer is the error of a port whose dependency is out. The
/// cause goes to the log.
fn outage(
    answer: &ServiceResponse<BoxBody>,
    of: &'static str,
    is_of: fn(Option<&str>) -> bool,
) -> Option<std::time::Duration> {
    let error = answer.response().error()?.as_error::<Problem>()?.cause()?;
    match error {
        StoreError::Unavailable { retry_after, .. } if is_of(error.dependency()) => {
            tracing::warn!(%error, "answered 503");
            metrics::counter!("contoso_http_degraded_total", "dependency" => of, "outcome" => "refused").increment(1);
            Some(*retry_after)
        }
        _ => None,
    }
}

/// A problem in the place of what the handler answered.
fn replace(answer: ServiceResponse<BoxBody>, problem: Problem) -> ServiceResponse<BoxBody> {
    ServiceResponse::from_err(problem, answer.into_parts().0)
}

/// Marks an answer that was given all the same.
fn mark(answer: &mut ServiceResponse<BoxBody>, of: &'static str) {
    answer.headers_mut().append(X_DEGRADED, HeaderValue::from_static(of));
    metrics::counter!("contoso_http_degraded_total", "dependency" => of, "outcome" => "served")
        .increment(1);
}
