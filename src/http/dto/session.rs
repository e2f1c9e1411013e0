use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{CartLine, Session, Sku};
use crate::http::Problem;

/// Lines of a cart, as many as an order takes.
const MOST_LINES: usize = 100;
/// Pieces of one product, as many as an order takes.
const MOST_PIECES: i64 = 1000;
/// Preferences there may be, and characters of their names and values. Together they stay below
/// what a session may weigh.
const MOST_PREFERENCES: usize = 50;
const LONGEST_PREFERENCE: usize = 100;
/// The largest whole number JavaScript has: 2^53 - 1.
const LARGEST_VERSION: i64 = 9_007_199_254_740_991;

/// What a user's pages remember.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Session)]
pub(in crate::http) struct SessionDto {
    /// Grows with every change, such as the milliseconds since 1970; 0 when nothing was saved yet.
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    #[serde(deserialize_with = "super::number::whole")]
    version: i64,
    /// The cart.
    #[schema(max_items = 100)]
    cart: Vec<CartLineDto>,
    /// Choices by name; at most 50.
    #[serde(default)]
    #[schema(required = false)]
    preferences: BTreeMap<String, String>,
}

/// Pieces of one product.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CartLine)]
pub(in crate::http) struct CartLineDto {
    #[schema(min_length = 1, max_length = 64, pattern = "^[!-~]+$", example = "AZ-700")]
    product_id: String,
    #[schema(minimum = 1, maximum = 1000)]
    #[serde(deserialize_with = "super::number::whole")]
    quantity: i64,
}

impl SessionDto {
    /// Checks everything at once.
    pub(in crate::http) fn session(self) -> Result<Session, Problem> {
        let mut problems = Vec::new();
        let mut refuse = |field: String, message: &str| problems.push((field, message.to_owned()));
        if self.cart.len() > MOST_LINES {
            refuse("cart".to_owned(), "at most 100 lines");
        }
        let version = u64::try_from(self.version).ok().filter(|_| self.version <= LARGEST_VERSION);
        if version.is_none() {
            refuse("version".to_owned(), "0 to 9007199254740991 are expected");
        }
        let mut cart = Vec::with_capacity(self.cart.len().min(MOST_LINES));
        for (index, line) in self.cart.into_iter().enumerate().take(MOST_LINES) {
            if !(1..=MOST_PIECES).contains(&line.quantity) {
                refuse(format!("cart[{index}].quantity"), "1 to 1000 are expected");
            }
            match Sku::parse(&line.product_id) {
                Some(product_id) => cart.push(CartLine {
                    product_id,
                    quantity: u32::try_from(line.quantity).unwrap_or(0),
                }),
                None => refuse(
                    format!("cart[{index}].productId"),
                    "1 to 64 visible ASCII characters are expected",
                ),
            }
        }
        let is_short = |text: &String| text.chars().count() <= LONGEST_PREFERENCE;
        if self.preferences.len() > MOST_PREFERENCES
            || !self.preferences.iter().all(|(name, value)| is_short(name) && is_short(value))
        {
            refuse(
                "preferences".to_owned(),
                "at most 50, with names and values of at most 100 characters",
            );
        }
        if !problems.is_empty() {
            return Err(Problem::invalid(problems));
        }
        Ok(Session { version: version.unwrap_or(0), cart, preferences: self.preferences })
    }
}

impl From<Session> for SessionDto {
    fn from(session: Session) -> Self {
        let line = |line: CartLine| CartLineDto {
            product_id: line.product_id.to_string(),
            quantity: line.quantity.into(),
        };
        Self {
            version: i64::try_from(session.version).unwrap_or(LARGEST_VERSION),
            cart: session.cart.into_iter().map(line).collect(),
            preferences: session.preferences,
        }
    }
}
