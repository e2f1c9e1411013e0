use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use tokio::time::timeout;

use super::{HttpState, Problem};

/// Sheds load beyond the cap and ends requests that take too long; both are answered 503.
///
/// Wraps resources, after routing: only there may a request be kept while its handler runs.
pub(super) async fn admit(
    state: web::Data<HttpState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Ok(_permit) = state.in_flight.try_acquire() else {
        metrics::counter!("contoso_http_requests_shed_total").increment(1);
        let problem = Problem::unavailable(
            "Too many requests are being worked on: try again.",
            Duration::from_secs(1),
        );
        return Ok(request.error_response(problem));
    };
    let kept = request.request().clone();
    match timeout(state.settings.deadline, next.call(request)).await {
        Ok(answer) => answer.map(ServiceResponse::map_into_boxed_body),
        Err(_) => {
            let problem = Problem::unavailable(
                "The request took too long. It may have been carried out.",
                Duration::from_secs(1),
            );
            Ok(ServiceResponse::from_err(problem, kept))
        }
    }
}
