use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest, Sha256};

use crate::app::{PlaceOrderOutcome, PlaceOrderRequest};
use crate::domain::{Order, OrderCursor, OrderDraft, OrderId, OrderStatus, Timestamp};
use crate::http::dto::{
    OrderDto, OrderStatusDto, OrdersAfterDto, OrdersDto, PageDto, PlaceOrderBody,
};
use crate::http::extract::{Caller, IdempotencyKeyHeader, Json, Orderer, PathParameter, Query};
use crate::http::middleware::Degraded;
use crate::http::problem::ProblemBody;
use crate::http::request_context::Context;
use crate::http::{HttpState, Problem, PublicUrl};
use crate::ports::{IdempotencyKey, OrderFilter, Removed};

const USUAL_SIZE: u32 = 10;

/// Stranger's and unknown orders answer alike.
pub(super) fn no_such_order() -> Problem {
    Problem::not_found("You have no such order.")
}

/// The caller's orders, newest first: by page with `offset` and `total`, or by cursor with `after`.
///
/// Pages count all orders that fit, and read those they skip: the more there are, the longer it takes. With a cursor every part takes as
/// long as the first.
#[utoipa::path(get, path = "/api/orders", operation_id = "listOrders", tag = "orders", security(("bearer" = [])),
    params(
        ("after" = Option<String>, Query, description = "`next` of the part before, or empty for the first part; `offset` is ignored then",
            pattern = "^([0-9a-f]{1,15}-[0-9a-f]{1,15})?$"),
        ("offset" = Option<u32>, Query, description = "Entries to skip", minimum = 0, maximum = 2147483647_u32),
        ("size" = Option<u32>, Query, description = "Entries to return, 10 when missing", minimum = 1, maximum = 100),
        ("status" = Option<OrderStatusDto>, Query, description = "Only orders that stand here"),
        ("from" = Option<time::OffsetDateTime>, Query, description = "Only orders accepted at this instant or later (RFC 3339)"),
        ("to" = Option<time::OffsetDateTime>, Query, description = "Only orders accepted before this instant (RFC 3339)")),
    responses(
        (status = 200, body = OrdersDto),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "A parameter is not valid")))]
pub(in crate::http) async fn list(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(&request)?;
    let page = query.page(USUAL_SIZE);
    let by_name = |text: &str| OrderStatus::ALL.into_iter().find(|status| status.name() == text);
    let filter = OrderFilter {
        status: query.read(
            "status",
            "Accepted, Processing, Completed, Failed or Cancelled",
            by_name,
        ),
        from: query.read("from", "an RFC 3339 instant", Timestamp::parse_rfc3339),
        to: query.read("to", "an RFC 3339 instant", Timestamp::parse_rfc3339),
    };
    let after = query.read("after", "`next` of the part before, or empty", |text| {
        if text.is_empty() { Some(OrderCursor::START) } else { text.parse().ok() }
    });
    query.finish()?;
    let (user, public_url) = (&caller.0.user, &state.settings.public_url);
    let dto = |order| OrderDto::new(order, public_url);
    let orders = match after {
        None => {
            let orders = state.list_orders.run(user, &filter, page).await?;
            OrdersDto::Page(PageDto::new(orders, dto))
        }
        Some(after) => {
            let (orders, next) = state.list_orders.after(user, &filter, after, page.size).await?;
            let next = next.map(|cursor| cursor.to_string());
            let items = orders.into_iter().map(dto).collect();
            OrdersDto::After(OrdersAfterDto { size: page.size, next, items })
        }
    };
    Ok(HttpResponse::Ok().json(orders))
}

/// One order of the caller.
#[utoipa::path(get, path = "/api/orders/{id}", operation_id = "getOrder", tag = "orders", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The order's id")),
    responses(
        (status = 200, body = OrderDto),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "Not the caller's order")))]
pub(in crate::http) async fn find(
    caller: Caller,
    id: PathParameter<i64>,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let order = state.get_order.run(&caller.0.user, OrderId(id.0)).await?;
    let order = order.ok_or_else(no_such_order)?;
    Ok(HttpResponse::Ok().json(OrderDto::new(order, &state.settings.public_url)))
}

/// Checkout: stores an order and has it processed in the background.
#[utoipa::path(post, path = "/api/orders", operation_id = "placeOrder", tag = "orders", security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Makes a repetition answer as the first request did, for 24 hours",
        min_length = 1, max_length = 128, pattern = "^[!-~]+$")),
    request_body = PlaceOrderBody,
    responses(
        (status = 201, body = OrderDto, headers(
            ("Location" = String, description = "Path of the order"),
            ("X-Correlation-Id" = String, description = "The order's correlation id"),
            ("Idempotency-Replayed" = String, description = "`true` when this repeats an earlier answer"),
            ("X-Degraded" = String, description = "`redis` when the shared status copy could not be written")),
            links(
                ("order" = (operation_id = "getOrder", parameters(("id" = "$response.body#/id")))),
                ("status" = (operation_id = "getOrderStatus", parameters(("id" = "$response.body#/id")))),
                ("delete" = (operation_id = "deleteOrder", parameters(("id" = "$response.body#/id")))),
                ("statusByCorrelationId" = (operation_id = "getOrderStatusByCorrelationId",
                    parameters(("correlationId" = "$response.body#/correlationId")))))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "The order is not valid"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "A product is unknown"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The first request still runs"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json", description = "The body came too slowly"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json", description = "The body exceeds 64 KiB"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json", description = "The body is not JSON"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "The key was used otherwise, or there is not enough in stock")))]
pub(in crate::http) async fn place(
    caller: Orderer,
    key: IdempotencyKeyHeader,
    context: Context,
    body: Json<PlaceOrderBody>,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let draft = body.0.draft()?;
    let idempotency = key.0.map(|key| IdempotencyKey { key, fingerprint: fingerprint(&draft) });
    let trace_parent = Some(context.0.trace.to_string());
    let public_url = &state.settings.public_url;
    let request = PlaceOrderRequest { user: caller.0.user, draft, idempotency, trace_parent };
    match state.place_order.run(request).await? {
        PlaceOrderOutcome::Accepted { order, copied } => {
            let answer = created(order, public_url, false);
            Ok(if copied { answer } else { Degraded::Redis.mark(answer) })
        }
        PlaceOrderOutcome::Replayed(order) => Ok(created(order, public_url, true)),
        PlaceOrderOutcome::StillRunning => Err(Problem::request_in_progress()),
        PlaceOrderOutcome::KeyReused => Err(Problem::key_reused()),
        PlaceOrderOutcome::UnknownProducts(products) => {
            let names: Vec<_> = products.iter().map(|sku| format!("'{sku}'")).collect();
            Err(Problem::not_found(format!("Not for sale: {}.", names.join(", "))))
        }
        PlaceOrderOutcome::OutOfStock(short) => {
            Err(Problem::out_of_stock(short.iter().map(|short| body.0.shortage(short))))
        }
    }
}

fn created(order: Order, public_url: &PublicUrl, replayed: bool) -> HttpResponse {
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, format!("/api/orders/{}", order.id)));
    response.insert_header(("x-correlation-id", order.correlation_id.to_string()));
    if replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    response.json(OrderDto::new(order, public_url))
}

/// Two bodies are the same request when they ask for the same products in the same order, however
/// they are spelled: the digest is taken of the checked and merged lines. No SKU holds a line
/// break.
fn fingerprint(draft: &OrderDraft) -> [u8; 32] {
    let mut digest = Sha256::new();
    for line in draft.lines() {
        digest.update(format!("{}\n{}\n", line.product, line.quantity));
    }
    digest.finalize().into()
}

/// Cancels an order that is not finished, also while a worker has it, and hides it.
#[utoipa::path(delete, path = "/api/orders/{id}", operation_id = "deleteOrder", tag = "orders", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The order's id")),
    responses(
        (status = 204, description = "Cancelled"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "No such order"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "It is finished")))]
pub(in crate::http) async fn cancel(
    caller: Caller,
    id: PathParameter<i64>,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    match state.cancel_order.run(&caller.0.user, OrderId(id.0)).await? {
        Removed::Cancelled(..) => Ok(HttpResponse::NoContent().finish()),
        Removed::Finished(status) => Err(Problem::order_finished(status)),
        Removed::NotOwner => Err(Problem::forbidden("This order belongs to somebody else.")),
        Removed::NotFound => Err(no_such_order()),
    }
}
