use std::fmt;

use serde::{Deserialize, Serialize};

use super::Money;

/// A product's public id such as `AZ-700`: 1 to 64 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sku(String);

impl Sku {
    /// Checks the text; `None` when it is no SKU.
    pub fn parse(text: &str) -> Option<Self> {
        let legal = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        legal.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often a subscription is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BillingPeriod {
    /// Every month.
    Monthly,
    /// Every year.
    Annual,
}

/// Something for sale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Public id.
    pub external_product_id: Sku,
    /// Shown name.
    pub name: String,
    /// Shown group.
    pub category: String,
    /// Maker.
    pub vendor: String,
    /// Where its picture is; a path of this server.
    pub image_url: String,
    /// Percent off, 0..=100.
    pub discount: u8,
    /// How it is billed.
    pub billing_period: BillingPeriod,
    /// Whether it renews.
    pub is_subscription: bool,
    /// Price before the discount. Its name in the shared cache is that of the release before, whose
    /// pods read it too.
    #[serde(rename = "price")]
    pub list_price: Money,
    /// Pieces left; `None` when it cannot run out.
    pub stock: Option<u32>,
}

impl Product {
    /// The most pieces a product may have: what SQL Server's `int` holds.
    pub const MAX_STOCK: u32 = i32::MAX as u32;

    /// What a customer pays for a piece now (D9a).
    pub fn price(&self) -> Money {
        self.list_price.discounted(self.discount)
    }
}
