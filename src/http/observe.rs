use std::rc::Rc;
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use tracing::Instrument;

use super::{Problem, RequestContext};

/// The outermost layer: names the request, logs and measures it, and gives every error its
/// problem+json body.
///
/// Logs hold the route's template, never the path or query, which may hold a token.
pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let context = Rc::new(RequestContext::of(request.headers()));
    let trace_id = context.trace.trace_id();
    let method = label(request.method());
    request.extensions_mut().insert(Rc::clone(&context));

    let span =
        tracing::info_span!("request", requestId = context.request_id, traceId = trace_id, method);
    let answer = next.call(request).instrument(span.clone()).await?;
    let _entered = span.enter();
    let mut answer = with_problem(answer.map_into_boxed_body(), &trace_id);
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        answer.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }

    let route = answer.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let (status, took) = (answer.status(), started.elapsed());
    tracing::info!(
        route,
        status = status.as_u16(),
        durationMs = took.as_secs_f64() * 1e3,
        "request served"
    );
    metrics::counter!("contoso_http_requests_total", "method" => method, "route" => route.clone(), "status" => status_label(status))
        .increment(1);
    metrics::histogram!("contoso_http_request_duration_seconds", "method" => method, "route" => route).record(took);
    Ok(answer)
}

/// Renders a problem for the request it belongs to, and logs its cause, once. What the framework or
/// a hub answered without a body becomes a problem too, but for the hub's paths, whose answers
/// SignalR prescribes.
fn with_problem(answer: ServiceResponse<BoxBody>, trace_id: &str) -> ServiceResponse<BoxBody> {
    let status = answer.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let instance = instance(answer.request().uri());
    let error = answer.response().error();
    let bare = error.is_some()
        || matches!(answer.response().body().size(), BodySize::None | BodySize::Sized(0));
    let mut rendered = match error.and_then(|error| error.as_error::<Problem>()) {
        Some(problem) => {
            if let Some(error) = problem.cause() {
                tracing::error!(%error, "answered 500");
            }
            problem.respond(&instance, trace_id)
        }
        None if bare && !answer.request().path().starts_with("/hubs/") => {
            Problem::of_status(status).respond(&instance, trace_id)
        }
        None => return answer,
    };
    let (request, old) = answer.into_parts();
    for (name, value) in old.headers() {
        if !rendered.headers().contains_key(name) {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, rendered)
}

/// Path and query without a token somebody put there.
fn instance(uri: &actix_web::http::Uri) -> String {
    let Some(query) = uri.query() else { return uri.path().to_owned() };
    let kept: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.to_ascii_lowercase().starts_with("access_token"))
        .collect();
    if kept.is_empty() {
        uri.path().to_owned()
    } else {
        format!("{}?{}", uri.path(), kept.join("&"))
    }
}

/// Methods as a metric label: a client cannot invent a new one.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn status_label(status: actix_web::http::StatusCode) -> String {
    status.as_str().to_owned()
}
