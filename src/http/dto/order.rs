use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{OrderStatusDto, PageDto};
use crate::domain::{
    CorrelationId, DraftError, Money, Order, OrderDraft, OrderLine, OrderStatus, OrderVersion,
    Timestamp,
};
use crate::http::{Problem, PublicUrl};
use crate::ports::Shortage;

/// What a checkout sends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PlaceOrder, example = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] }))]
pub(in crate::http) struct PlaceOrderBody {
    /// What is wanted; lines of one product are added up.
    #[schema(min_items = 1, max_items = 100)]
    items: Vec<PlaceOrderItem>,
}

/// One wanted product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct PlaceOrderItem {
    /// The product's `externalProductId`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[!-~]+$")]
    product_id: String,
    /// How many.
    #[schema(minimum = 1, maximum = 1000)]
    #[serde(deserialize_with = "super::number::whole")]
    quantity: i64,
}

impl PlaceOrderBody {
    /// The wish as the domain takes it. Errors name every field that is wrong.
    pub(in crate::http) fn draft(&self) -> Result<OrderDraft, Problem> {
        let lines = self.items.iter().map(|item| (item.product_id.as_str(), item.quantity));
        OrderDraft::parse(lines).map_err(|problems| {
            Problem::invalid(problems.into_iter().map(|problem| {
                let field = match &problem {
                    DraftError::Empty | DraftError::TooManyLines => "items".to_owned(),
                    DraftError::ProductId { index } => format!("items[{index}].productId"),
                    DraftError::Quantity { index } => format!("items[{index}].quantity"),
                };
                (field, problem.to_string())
            }))
        })
    }
}

impl PlaceOrderBody {
    /// The field that asks for more than there is, with what is left.
    pub(in crate::http) fn shortage(&self, short: &Shortage) -> (String, String) {
        let asks = |item: &PlaceOrderItem| item.product_id == short.product.as_str();
        let index = self.items.iter().position(asks).unwrap_or_default();
        let left = match short.left {
            0 => format!("'{}' is sold out.", short.product),
            left => format!("Only {left} of '{}' left.", short.product),
        };
        (format!("items[{index}].quantity"), left)
    }
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub(in crate::http) struct OrderDto {
    id: i64,
    /// Names the order's way through the system; the hub's events carry it.
    #[schema(value_type = uuid::Uuid)]
    correlation_id: CorrelationId,
    #[schema(value_type = OrderStatusDto)]
    status: OrderStatus,
    /// Counts the order's changes from 1: of two answers the one with the higher version is newer.
    #[schema(value_type = u32)]
    version: OrderVersion,
    #[schema(value_type = time::OffsetDateTime)]
    created_at: Timestamp,
    items: Vec<OrderItemDto>,
}

/// Orders of a user, in the envelope that the request asks for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Orders)]
pub(in crate::http) enum OrdersDto {
    /// By page.
    Page(PageDto<OrderDto>),
    /// By cursor.
    After(OrdersAfterDto),
}

/// Orders that follow a cursor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrdersAfter)]
pub(in crate::http) struct OrdersAfterDto {
    /// Entries asked for.
    pub(in crate::http) size: u32,
    /// The cursor to go on with; `null` at the end.
    #[schema(required = true)]
    pub(in crate::http) next: Option<String>,
    /// The orders.
    pub(in crate::http) items: Vec<OrderDto>,
}

/// A line of an order, as the product was when the order was accepted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderItem)]
pub(in crate::http) struct OrderItemDto {
    product_id: String,
    product_name: String,
    /// Where its picture is: absolute where the server knows its public address, else a path.
    image_url: String,
    /// What one piece costs, discount taken off.
    #[schema(value_type = f64)]
    unit_price: Money,
    quantity: u32,
}

impl OrderDto {
    /// The order with the addresses of its pictures.
    pub(in crate::http) fn new(order: Order, public_url: &PublicUrl) -> Self {
        Self {
            id: order.id.0,
            correlation_id: order.correlation_id,
            status: order.status,
            version: order.version,
            created_at: order.created_at,
            items: order
                .lines
                .into_iter()
                .map(|line| OrderItemDto::new(line, public_url))
                .collect(),
        }
    }
}

impl OrderItemDto {
    fn new(line: OrderLine, public_url: &PublicUrl) -> Self {
        Self {
            product_id: line.product.to_string(),
            product_name: line.product_name,
            image_url: public_url.absolute(line.image_url),
            unit_price: line.unit_price,
            quantity: line.quantity,
        }
    }
}
