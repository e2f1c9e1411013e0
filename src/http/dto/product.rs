use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{BillingPeriod, Money, Product};

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
    /// Path of its picture.
    image_url: String,
    /// Percent off the price.
    #[schema(minimum = 0, maximum = 100)]
    discount: u8,
    #[schema(value_type = BillingPeriodDto)]
    billing_period: BillingPeriod,
    is_subscription: bool,
    /// Price before the discount.
    #[schema(value_type = f64)]
    price: Money,
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

impl From<Product> for ProductDto {
    fn from(product: Product) -> Self {
        Self {
            external_product_id: product.external_product_id.to_string(),
            name: product.name,
            category: product.category,
            vendor: product.vendor,
            image_url: product.image_url,
            discount: product.discount,
            billing_period: product.billing_period,
            is_subscription: product.is_subscription,
            price: product.price,
        }
    }
}
