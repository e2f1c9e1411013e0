use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, Header, Object, OpenApi as Document, PathItem, Ref, RefOr, ResponseBuilder,
    Type,
};
use utoipa::{Modify, OpenApi};

use super::HttpState;
use super::api::{dev, orders, products, reports, session, status};
use super::dto::{BillingPeriodDto, OrderStatusDto};
use super::problem::{PROBLEM_JSON, ProblemBody};

#[derive(OpenApi)]
#[openapi(
    info(title = "Contoso Shop", description = "Order intake with live status."),
    paths(
        products::list,
        products::find,
        products::set_stock,
        orders::list,
        orders::place,
        orders::find,
        orders::cancel,
        reports::orders_per_day,
        reports::revenue_by_vendor,
        reports::status_counts,
        session::find,
        session::save,
        status::by_id,
        status::by_cid,
        dev::token
    ),
    components(schemas(ProblemBody, BillingPeriodDto, OrderStatusDto)),
    modifiers(&Everywhere)
)]
struct Api;

/// Says what holds for all operations in one place.
struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let paths = document.paths.paths.iter_mut();
        let all = paths.flat_map(|(path, item)| operations(item).map(move |found| (path, found)));
        for (path, operation) in all {
            // What reads no store has nothing unexpected to tell.
            if path.starts_with("/api/") {
                add(operation, "500", "An unexpected error occurred");
            }
            too_many(operation);
            add(operation, "503", "Temporarily unavailable; Retry-After says when to try again");
            if operation.security.is_some() {
                add(operation, "401", "The token is missing or was refused");
                add(
                    operation,
                    "403",
                    "The token names no user or lacks the role, or the thing belongs to somebody else",
                );
            }
        }
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post, &mut path.put, &mut path.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}

fn add(operation: &mut Operation, status: &str, description: &str) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response =
        ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build();
    operation.responses.responses.insert(status.to_owned(), response.into());
}

/// 429 with what it tells.
fn too_many(operation: &mut Operation) {
    add(operation, "429", "Too many requests of this user or address");
    let Some(RefOr::T(response)) = operation.responses.responses.get_mut("429") else { return };
    for (name, description) in [
        ("Retry-After", "Seconds until one request may pass"),
        ("RateLimit-Limit", "Requests in all"),
        ("RateLimit-Remaining", "Requests left"),
        ("RateLimit-Reset", "Seconds until all of them are back"),
    ] {
        let mut header = Header::new(Object::with_type(Type::Integer));
        header.description = Some(description.to_owned());
        response.headers.insert(name.to_owned(), header);
    }
}

/// The OpenAPI document, generated from the handlers.
pub(super) fn document(with_development: bool) -> Bytes {
    let mut document = Api::openapi();
    if !with_development {
        document.paths.paths.remove("/dev/token");
    }
    // utoipa 5.5 writes the field's Rust name, which is not OpenAPI's (section 4.8.20).
    document
        .to_json()
        .expect("the document is plain data")
        .replace("\"operation_id\"", "\"operationId\"")
        .into()
}

/// `GET /openapi.json`.
pub(super) async fn serve(state: web::Data<HttpState>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(state.openapi.clone())
}
