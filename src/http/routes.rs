use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{PayloadConfig, ServiceConfig, delete, get, head, post, put, scope};
use actix_web::{Error, Resource, web};

use super::admission::admit;
use super::api::{dev, orders, products, reports, session, status};
use super::extract::LARGEST_BODY;
use super::middleware::{DbConnectionResilienceMiddleware, RedisResilienceMiddleware};
use super::rate_limits::limit_requests;
use super::{HttpState, openapi};

/// The whole URL table (D10).
pub(super) fn routes(cfg: &mut ServiceConfig, state: &web::Data<HttpState>) {
    let api = scope("/api")
        .app_data(PayloadConfig::new(LARGEST_BODY))
        .wrap(from_fn(DbConnectionResilienceMiddleware::handle))
        .wrap(from_fn(RedisResilienceMiddleware::handle))
        .wrap(DefaultHeaders::new().add(("cache-control", "private, no-cache")))
        .wrap(from_fn(limit_requests))
        .service(at("/products").route(get().to(products::list)).route(head().to(products::list)))
        .service(
            at("/products/{external_product_id}")
                .route(get().to(products::find))
                .route(head().to(products::find)),
        )
        .service(at("/products/{external_product_id}/stock").route(put().to(products::set_stock)))
        .service(
            at("/reports/orders-per-day")
                .route(get().to(reports::orders_per_day))
                .route(head().to(reports::orders_per_day)),
        )
        .service(
            at("/reports/revenue-by-vendor")
                .route(get().to(reports::revenue_by_vendor))
                .route(head().to(reports::revenue_by_vendor)),
        )
        .service(
            at("/reports/status-counts")
                .route(get().to(reports::status_counts))
                .route(head().to(reports::status_counts)),
        )
        .service(
            at("/session")
                .route(get().to(session::find))
                .route(head().to(session::find))
                .route(put().to(session::save)),
        )
        .service(
            at("/orders")
                .route(get().to(orders::list))
                .route(head().to(orders::list))
                .route(post().to(orders::place)),
        )
        .service(
            at("/orders/by-correlation/{cid}/status")
                .route(get().to(status::by_cid))
                .route(head().to(status::by_cid)),
        )
        .service(
            at("/orders/{id}")
                .route(get().to(orders::find))
                .route(head().to(orders::find))
                .route(delete().to(orders::cancel)),
        )
        .service(
            at("/orders/{id}/status")
                .route(get().to(status::by_id))
                .route(head().to(status::by_id)),
        );
    cfg.service(api);
    cfg.service(
        at("/openapi.json").route(get().to(openapi::serve)).route(head().to(openapi::serve)),
    );
    if state.development_tokens.is_some() {
        cfg.service(
            scope("/dev")
                .app_data(PayloadConfig::new(LARGEST_BODY))
                .wrap(from_fn(limit_requests))
                .service(at("/token").route(post().to(dev::token))),
        );
    }
}

/// A resource under admission control.
fn at(
    path: &str,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    web::resource(path).wrap(from_fn(admit))
}
