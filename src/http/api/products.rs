use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::Sku;
use crate::http::dto::{PageDto, ProductDto};
use crate::http::extract::{PathParameter, Query};
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
    let not_for_sale = || Problem::not_found("No product that is for sale has this id.");
    let sku = Sku::parse(&id.0).ok_or_else(not_for_sale)?;
    let product = state.products.one(&sku).await?;
    let one = product.value.ok_or_else(not_for_sale)?;
    let answer = HttpResponse::Ok().json(ProductDto::new(one, &state.settings.public_url));
    Ok(Degraded::mark_stale(answer, product.stale))
}
