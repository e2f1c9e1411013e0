use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::{Degraded, mark, outage, replace};
use crate::http::{HttpState, Problem};
use crate::ports::StoreError;

/// What an outage of Redis looks like over HTTP (S1-Flow-2c, R-20): nothing but the header
/// `X-Degraded: redis`, on every answer that was given while Redis was out. 503 with Retry-After
/// only where a route cannot do without it.
pub(in crate::http) struct RedisResilienceMiddleware;

impl RedisResilienceMiddleware {
    pub(in crate::http) async fn handle(
        state: web::Data<HttpState>,
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let mut answer = next.call(request).await?.map_into_boxed_body();
        if let Some(retry_after) =
            outage(&answer, StoreError::REDIS, |of| of == Some(StoreError::REDIS))
        {
            let detail = "What this needs is out for a moment: try again.";
            answer = replace(answer, Problem::unavailable(detail, retry_after));
        }
        let is_out = state.redis.as_ref().is_some_and(|redis| !redis.is_available());
        if is_out || Degraded::of(&answer) == Some(Degraded::Redis) {
            mark(&mut answer, StoreError::REDIS);
        }
        Ok(answer)
    }
}
