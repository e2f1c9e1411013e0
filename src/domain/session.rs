use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Sku;

/// What a user's pages remember on every device: nothing that matters to an order until it is
/// placed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Grows with every change; the larger one of two is the later one. Pages use milliseconds
    /// since 1970.
    pub version: u64,
    /// What may be ordered some day, without prices: they are today's.
    pub cart: Vec<CartLine>,
    /// Choices of the page, by name.
    pub preferences: BTreeMap<String, String>,
}

/// Pieces of one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CartLine {
    /// Its public id.
    pub product_id: Sku,
    /// How many.
    pub quantity: u32,
}
