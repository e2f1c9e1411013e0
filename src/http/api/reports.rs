use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use crate::app::Report;
use crate::http::dto::{DayOrdersDto, ReportDto, StatusCountDto, VendorRevenueDto};
use crate::http::extract::{Admin, Query};
use crate::http::middleware::Degraded;
use crate::http::problem::ProblemBody;
use crate::http::{HttpState, Problem};

const USUAL_DAYS: u32 = 30;

/// Orders of each of the last days. For the role admin; up to a second old.
#[utoipa::path(get, path = "/api/reports/orders-per-day", operation_id = "reportOrdersPerDay", tag = "reports",
    security(("bearer" = [])),
    params(("days" = Option<u32>, Query, description = "How many days, today included; 30 when missing", minimum = 1, maximum = 366)),
    responses(
        (status = 200, body = ReportDto<DayOrdersDto>),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "A parameter is not valid")))]
pub(in crate::http) async fn orders_per_day(
    _: Admin,
    request: HttpRequest,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    Ok(answer::<_, DayOrdersDto>(state.reports.orders_per_day(days(&request)?).await?))
}

/// What each vendor earned with orders of the last days. For the role admin; up to a second old.
#[utoipa::path(get, path = "/api/reports/revenue-by-vendor", operation_id = "reportRevenueByVendor", tag = "reports",
    security(("bearer" = [])),
    params(("days" = Option<u32>, Query, description = "How many days, today included; 30 when missing", minimum = 1, maximum = 366)),
    responses(
        (status = 200, body = ReportDto<VendorRevenueDto>),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "A parameter is not valid")))]
pub(in crate::http) async fn revenue_by_vendor(
    _: Admin,
    request: HttpRequest,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    Ok(answer::<_, VendorRevenueDto>(state.reports.revenue_by_vendor(days(&request)?).await?))
}

/// Where the orders of the last days stand. For the role admin; up to a second old.
#[utoipa::path(get, path = "/api/reports/status-counts", operation_id = "reportStatusCounts", tag = "reports",
    security(("bearer" = [])),
    params(("days" = Option<u32>, Query, description = "How many days, today included; 30 when missing", minimum = 1, maximum = 366)),
    responses(
        (status = 200, body = ReportDto<StatusCountDto>),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "A parameter is not valid")))]
pub(in crate::http) async fn status_counts(
    _: Admin,
    request: HttpRequest,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    Ok(answer::<_, StatusCountDto>(state.reports.status_counts(days(&request)?).await?))
}

fn days(request: &HttpRequest) -> Result<u32, Problem> {
    let mut query = Query::of(request)?;
    let days = query.number("days", "a number from 1 to 366", 1..=366);
    query.finish()?;
    Ok(days.unwrap_or(USUAL_DAYS))
}

fn answer<S, T: From<S> + Serialize>(report: Report<S>) -> HttpResponse {
    let stale = report.stale;
    Degraded::mark_stale(HttpResponse::Ok().json(ReportDto::<T>::from(report)), stale)
}
