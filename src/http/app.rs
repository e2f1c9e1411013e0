use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::ServiceConfig;
use actix_web::{App, Error, web};

use super::cors::cors;
use super::observe::observe;
use super::rate_limits::limit_connections;
use super::unread_body::close_when_unread;
use super::{HttpState, pages, routes};

/// The public application: the API, the pages, what `hubs` mounts below `/hubs`, and what `beside`
/// adds, such as the health paths.
pub fn app(
    state: web::Data<HttpState>,
    hubs: impl FnOnce(&mut ServiceConfig),
    beside: impl FnOnce(&mut ServiceConfig),
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let cors = cors(&state.settings);
    App::new()
        .configure(beside)
        .configure(|cfg| routes::routes(cfg, &state))
        .service(web::scope("/hubs").configure(hubs).wrap(from_fn(limit_connections)))
        .app_data(state)
        .default_service(web::to(pages::serve))
        .wrap(cors)
        .wrap(security_headers())
        .wrap(from_fn(close_when_unread))
        .wrap(from_fn(observe))
}

/// Handlers that set one of these keep theirs; the pages bring a policy of their own.
fn security_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::X_FRAME_OPTIONS, "DENY"))
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
}
