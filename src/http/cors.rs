use actix_cors::Cors;
use actix_web::middleware::Condition;

use super::HttpSettings;

/// What pages of other origins may do, with the API and with hubs: the one place that answers
/// preflights. Who may connect is up to the hub, since browsers ask nobody before they open
/// a socket.
pub(super) fn cors(settings: &HttpSettings) -> Condition<Cors> {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "idempotency-key",
            "if-none-match",
            "traceparent",
            "x-request-id",
        ])
        .allowed_headers(["x-requested-with", "x-signalr-user-agent"])
        .expose_headers([
            "etag",
            "location",
            "retry-after",
            "x-correlation-id",
            "x-degraded",
            "x-request-id",
        ])
        .expose_headers([
            "idempotency-replayed",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
        ])
        .supports_credentials()
        .max_age(600);
    let hub_origins = settings.hub_origins.clone();
    let cors = cors.allowed_origin_fn(move |origin, request| {
        request.uri.path().starts_with("/hubs/") && hub_origins.iter().any(|hub| hub == origin)
    });
    let foreign = !settings.allowed_origins.is_empty() || !settings.hub_origins.is_empty();
    let origins = settings.allowed_origins.iter();
    Condition::new(foreign, origins.fold(cors, |cors, origin| cors.allowed_origin(origin)))
}
