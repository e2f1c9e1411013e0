use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::Sku;
use crate::http::dto::{PageDto, ProductDto, StockBody};
use crate::http::extract::{Admin, Json, PathParameter, Query};
use crate::http::middleware::Degraded;
use crate::http::problem::ProblemBody;
use crate::http::{HttpState, Problem};

const USUAL_SIZE: u32 = 12;

/// The catalogue.
#[utoipa::path(get, path = "/api/products", operation_id = "listProducts", tag = "products",
    params(
        ("offset" = Option<u32>, Query, description = "Entries to skip", minimum = 0, maximum = 2147483647_u32),
        ("size" = Option<u32>, Query, description = "Entries to return, 12 when missing", minimum = 1, maximum = 100)),
    responses(
        (status = 200, body = PageDto<ProductDto>),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "A parameter is not valid")))]
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request)?;
    let page = query.page(USUAL_SIZE);
    query.finish()?;
    let products = state.products.run(page).await?;
    let public_url = &state.settings.public_url;
    let page = PageDto::new(products.value, |product| ProductDto::new(product, public_url));
    let answer = HttpResponse::Ok().json(page);
    Ok(Degraded::mark_stale(answer, products.stale))
}

/// One product.
#[utoipa::path(get, path = "/api/products/{externalProductId}", operation_id = "getProduct", tag = "products",
    params(("externalProductId" = String, Path, description = "The product's id", example = "AZ-700")),
    responses(
        (status = 200, body = ProductDto),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "Not for sale")))]
pub(in crate::http) async fn find(
    id: PathParameter<String>,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let sku = Sku::parse(&id.0).ok_or_else(not_for_sale)?;
    let product = state.products.one(&sku).await?;
    let one = product.value.ok_or_else(not_for_sale)?;
    let answer = HttpResponse::Ok().json(ProductDto::new(one, &state.settings.public_url));
    Ok(Degraded::mark_stale(answer, product.stale))
}

/// Sets what is left of a product. For the role admin.
#[utoipa::path(put, path = "/api/products/{externalProductId}/stock", operation_id = "setStock", tag = "products",
    security(("bearer" = [])),
    params(("externalProductId" = String, Path, description = "The product's id", example = "AZ-700")),
    request_body = StockBody,
    responses(
        (status = 204, description = "Set; shown by every pod at once"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "The stock is not valid"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "Not for sale"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json", description = "The body came too slowly"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json", description = "The body exceeds 64 KiB"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json", description = "The body is not JSON")))]
pub(in crate::http) async fn set_stock(
    _: Admin,
    id: PathParameter<String>,
    body: Json<StockBody>,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let pieces = body.0.pieces()?;
    let sku = Sku::parse(&id.0).ok_or_else(not_for_sale)?;
    if state.set_stock.run(&sku, pieces).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(not_for_sale())
    }
}

fn not_for_sale() -> Problem {
    Problem::not_found("No product that is for sale has this id.")
}
