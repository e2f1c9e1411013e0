use rusqlite::Connection;
use serde::Deserialize;

use super::statement::{execute, only};
use crate::domain::{BillingPeriod, Timestamp};
use crate::ports::StoreError;

/// Products a new shop starts with.
const CATALOGUE: &str = include_str!("../../../migrations/catalogue.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Seed {
    external_product_id: String,
    name: String,
    category: String,
    vendor: String,
    image_url: String,
    discount: u8,
    billing_period: BillingPeriod,
    is_subscription: bool,
    price_cents: i64,
    stock: Option<u32>,
}

/// Fills the catalogue when there is no product at all.
pub(super) fn seed(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    if only(connection, sql!("product_any"), [], |row| row.get(0))? {
        return Ok(());
    }
    let products: Vec<Seed> = serde_json::from_str(CATALOGUE).map_err(StoreError::fault)?;
    for p in products {
        let period = match p.billing_period {
            BillingPeriod::Monthly => "Monthly",
            BillingPeriod::Annual => "Annual",
        };
        let values = (
            p.external_product_id,
            p.name,
            p.category,
            p.vendor,
            p.image_url,
            p.discount,
            period,
            p.is_subscription,
            p.price_cents,
            p.stock,
            now.micros,
        );
        execute(connection, sql!("product_insert"), values)?;
    }
    Ok(())
}
