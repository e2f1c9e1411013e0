use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{BillingPeriod, Money, Product};
use crate::http::PublicUrl;

/// Something for sale.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Product)]
pub(in crate::http) struct ProductDto {
    /// Public id such as `AZ-700`.
    external_product_id: String,
    name: String,
    category: String,
    vendor: String,
    /// Where its picture is: absolute where the server knows its public address, else a path.
    image_url: String,
    /// Percent already taken off the list price.
    #[schema(minimum = 0, maximum = 100)]
    discount: u8,
    #[schema(value_type = BillingPeriodDto)]
    billing_period: BillingPeriod,
    is_subscription: bool,
    /// What a piece costs now.
    #[schema(value_type = f64)]
    price: Money,
    /// What a piece costs without the discount.
    #[schema(value_type = f64)]
    list_price: Money,
    /// Pieces left, at most 5 seconds old; `null` when it cannot run out.
    #[schema(required = true)]
    stock: Option<u32>,
}

/// How often a subscription is billed.
#[derive(ToSchema)]
#[schema(as = BillingPeriod)]
#[expect(
    dead_code,
    reason = "the domain's type knows nothing of OpenAPI; a test holds the two together"
)]
pub(in crate::http) enum BillingPeriodDto {
    Monthly,
    Annual,
}

impl ProductDto {
    /// The product with the address of its picture.
    pub(in crate::http) fn new(product: Product, public_url: &PublicUrl) -> Self {
        Self {
            price: product.price(),
            list_price: product.list_price,
            stock: product.stock,
            external_product_id: product.external_product_id.to_string(),
            name: product.name,
            category: product.category,
            vendor: product.vendor,
            image_url: public_url.absolute(product.image_url),
            discount: product.discount,
            billing_period: product.billing_period,
            is_subscription: product.is_subscription,
        }
    }
}
