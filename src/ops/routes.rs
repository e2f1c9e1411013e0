use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, Route, web};
use serde_json::json;
use tokio::runtime::Handle;

use super::{HealthRegistry, Metrics, Readiness};
use crate::ports::Health;

/// Longer than any healthy pause of the runtime, shorter than Kubernetes' probe timeout of 2 s.
const RESPONSIVE: Duration = Duration::from_secs(1);

/// What the health and metrics routes answer from.
pub struct Ops {
    version: &'static str,
    role: &'static str,
    readiness: Readiness,
    health: Arc<HealthRegistry>,
    metrics: Metrics,
    runtime: Handle,
}

impl Ops {
    /// To be called on the runtime whose liveness counts. Panics outside of one.
    pub fn new(
        version: &'static str,
        role: &'static str,
        readiness: Readiness,
        health: Arc<HealthRegistry>,
        metrics: Metrics,
    ) -> Self {
        Self { version, role, readiness, health, metrics, runtime: Handle::current() }
    }
}

/// The health paths, anonymous; for the public listener and, within [`ops_routes`], the ops
/// listener (S2-K-3).
pub fn health_routes(ops: Arc<Ops>) -> impl Fn(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(Data::from(Arc::clone(&ops)))
            .service(
                web::resource("/health/live").route(web::get().to(live)).route(head().to(live)),
            )
            .service(
                web::resource("/health/ready").route(web::get().to(ready)).route(head().to(ready)),
            )
            .service(
                web::resource("/health/startup")
                    .route(web::get().to(startup))
                    .route(head().to(startup)),
            )
            .service(web::resource("/health/details").route(web::get().to(details)));
    }
}

/// Everything on the ops listener: health and metrics.
pub fn ops_routes(ops: Arc<Ops>) -> impl Fn(&mut ServiceConfig) {
    let health = health_routes(ops);
    move |config| {
        health(config);
        config.service(web::resource("/metrics").route(web::get().to(metrics)));
    }
}

fn head() -> Route {
    web::route().guard(actix_web::guard::Head())
}

/// Answers when the runtime that does the work still takes up new work; nothing else matters
///
async fn live(ops: Data<Ops>) -> HttpResponse {
    let echo = ops.runtime.spawn(async {});
    match tokio::time::timeout(RESPONSIVE, echo).await {
        Ok(Ok(())) => answer(StatusCode::OK, json!({ "status": "live" })),
        _ => answer(
            StatusCode::SERVICE_UNAVAILABLE,
            json!({ "status": "stuck", "reason": "the runtime does not take up work" }),
        ),
    }
}

async fn ready(ops: Data<Ops>) -> HttpResponse {
    match ops.readiness.obstacle().await {
        None => answer(StatusCode::OK, json!({ "status": "ready" })),
        Some(reason) => answer(
            StatusCode::SERVICE_UNAVAILABLE,
            json!({ "status": "notReady", "reason": reason }),
        ),
    }
}

async fn startup(ops: Data<Ops>) -> HttpResponse {
    if ops.readiness.started() {
        answer(StatusCode::OK, json!({ "status": "started" }))
    } else {
        answer(StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "starting" }))
    }
}

/// 503 only when a component is unhealthy, as ASP.NET's health checks answer.
async fn details(ops: Data<Ops>) -> HttpResponse {
    let report = ops.health.report().await;
    let obstacle = ops.readiness.obstacle().await;
    let status = if report.status == Health::Unhealthy {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    answer(
        status,
        json!({
            "status": report.status,
            "version": ops.version,
            "role": ops.role,
            "phase": ops.readiness.phase().name(),
            "ready": obstacle.is_none(),
            "draining": ops.readiness.is_draining(),
            "components": report.components,
        }),
    )
}

async fn metrics(ops: Data<Ops>) -> HttpResponse {
    ops.readiness.obstacle().await;
    let metrics = ops.metrics.clone();
    match web::block(move || metrics.render()).await {
        Ok(text) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
            .body(text),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

fn answer(status: StatusCode, body: serde_json::Value) -> HttpResponse {
    HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).json(body)
}
