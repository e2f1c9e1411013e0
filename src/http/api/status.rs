use actix_web::http::header::{ETag, EntityTag};
use actix_web::{HttpRequest, HttpResponse, web};

use super::orders::no_such_order;
use crate::app::StatusView;
use crate::domain::{CorrelationId, OrderId};
use crate::http::conditional::is_known;
use crate::http::dto::StatusDto;
use crate::http::extract::{Caller, PathParameter};
use crate::http::middleware::Degraded;
use crate::http::problem::ProblemBody;
use crate::http::{HttpState, Problem};

/// Where an order stands, by its id.
#[utoipa::path(get, path = "/api/orders/{id}/status", operation_id = "getOrderStatus", tag = "orders", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The order's id"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, body = StatusDto, headers(("ETag" = String, description = "Changes with the status"))),
        (status = 304, description = "Nothing changed"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "Not the caller's order")))]
pub(in crate::http) async fn by_id(
    caller: Caller,
    id: PathParameter<i64>,
    request: HttpRequest,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let view = state.order_status.by_id(&caller.0.user, OrderId(id.0)).await?;
    Ok(answer(&request, view.ok_or_else(no_such_order)?))
}

/// Where an order stands, by its correlation id: what a page polls while its hub connection is
/// down.
#[utoipa::path(get, path = "/api/orders/by-correlation/{correlationId}/status", operation_id = "getOrderStatusByCorrelationId", tag = "orders", security(("bearer" = [])),
    params(
        ("correlationId" = uuid::Uuid, Path, description = "The order's correlation id"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, body = StatusDto, headers(
            ("ETag" = String, description = "Changes with the status"),
            ("X-Degraded" = String, description = "`sql` when a copy answers that may be behind"))),
        (status = 304, description = "Nothing changed"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "Not the caller's order")))]
pub(in crate::http) async fn by_cid(
    caller: Caller,
    id: PathParameter<CorrelationId>,
    request: HttpRequest,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let view = state.order_status.by_correlation(&caller.0.user, id.0).await?;
    Ok(answer(&request, view.ok_or_else(no_such_order)?))
}

/// 304 when the caller has this very version. While the store is out, the copy that answers
/// may be behind, so its answer gets no tag.
fn answer(request: &HttpRequest, view: StatusView) -> HttpResponse {
    if view.updated_at.is_none() {
        return Degraded::Sql.mark(HttpResponse::Ok().json(StatusDto::from(view)));
    }
    let tag = EntityTag::new_strong(format!("{}-{}", view.status.name(), view.version));
    if is_known(request, &tag) {
        return HttpResponse::NotModified().insert_header(ETag(tag)).finish();
    }
    HttpResponse::Ok().insert_header(ETag(tag)).json(StatusDto::from(view))
}
