use std::collections::HashMap;

use super::{CorrelationId, Money, OrderId, OrderStatus, OrderVersion, Sku, Timestamp, UserId};

/// One line as a client asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftLine {
    /// Which product.
    pub product: Sku,
    /// How many, 1..=1000.
    pub quantity: u32,
}

/// A checked wish: 1..=100 lines, each product once, 1..=1000 pieces of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDraft {
    lines: Vec<DraftLine>,
}

/// Why a wish is no order. `index` counts the client's lines from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// No line at all.
    #[error("an order needs at least one item")]
    Empty,
    /// More than [`OrderDraft::MAX_LINES`].
    #[error("an order takes at most 100 items")]
    TooManyLines,
    /// The product id is no SKU.
    #[error("a product id is 1 to 64 visible characters")]
    ProductId {
        /// Which line.
        index: usize,
    },
    /// The quantity, alone or summed over lines of one product, is out of range.
    #[error("the quantity of a product is 1 to 1000")]
    Quantity {
        /// Which line.
        index: usize,
    },
}

impl OrderDraft {
    /// Lines an order may have.
    pub const MAX_LINES: usize = 100;
    /// Pieces of one product an order may have.
    pub const MAX_QUANTITY: u32 = 1000;

    /// Checks the lines and merges those of one product. Errors list every problem found.
    pub fn parse<'a>(
        lines: impl IntoIterator<Item = (&'a str, i64)>,
    ) -> Result<Self, Vec<DraftError>> {
        let mut problems = Vec::new();
        let mut merged: Vec<DraftLine> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (index, (product, quantity)) in lines.into_iter().enumerate() {
            if index >= Self::MAX_LINES {
                problems.push(DraftError::TooManyLines);
                break;
            }
            let quantity =
                u32::try_from(quantity).ok().filter(|n| (1..=Self::MAX_QUANTITY).contains(n));
            if quantity.is_none() {
                problems.push(DraftError::Quantity { index });
            }
            let Some(sku) = Sku::parse(product) else {
                problems.push(DraftError::ProductId { index });
                continue;
            };
            let Some(quantity) = quantity else { continue };
            match places.get(product) {
                Some(&place) if merged[place].quantity + quantity > Self::MAX_QUANTITY => {
                    problems.push(DraftError::Quantity { index });
                }
                Some(&place) => merged[place].quantity += quantity,
                None => {
                    places.insert(product.to_owned(), merged.len());
                    merged.push(DraftLine { product: sku, quantity });
                }
            }
        }
        if merged.is_empty() && problems.is_empty() {
            problems.push(DraftError::Empty);
        }
        if problems.is_empty() { Ok(Self { lines: merged }) } else { Err(problems) }
    }

    /// The lines, each product once.
    pub fn lines(&self) -> &[DraftLine] {
        &self.lines
    }
}

/// One line of an order, with what the product was called and cost when it was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderLine {
    /// Which product.
    pub product: Sku,
    /// Its name then.
    pub product_name: String,
    /// Its picture then.
    pub image_url: String,
    /// What one piece costs, discount taken off.
    pub unit_price: Money,
    /// How many.
    pub quantity: u32,
}

/// A stored order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Row number.
    pub id: OrderId,
    /// Workflow id.
    pub correlation_id: CorrelationId,
    /// Whose it is.
    pub user: UserId,
    /// Where it stands.
    pub status: OrderStatus,
    /// How many changes brought it there.
    pub version: OrderVersion,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub updated_at: Timestamp,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
}

impl Order {
    /// Sum over the lines.
    pub fn total(&self) -> Money {
        Money::from_cents(
            self.lines.iter().map(|line| line.unit_price.times(line.quantity).cents).sum(),
        )
    }

    /// The order without its lines.
    pub fn snapshot(&self) -> OrderSnapshot {
        OrderSnapshot {
            order_id: self.id,
            correlation_id: self.correlation_id,
            user: self.user.clone(),
            status: self.status,
            version: self.version,
            updated_at: self.updated_at,
        }
    }
}

/// What status questions need to know of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSnapshot {
    /// Row number.
    pub order_id: OrderId,
    /// Workflow id.
    pub correlation_id: CorrelationId,
    /// Whose it is.
    pub user: UserId,
    /// Where it stands.
    pub status: OrderStatus,
    /// How many changes brought it there.
    pub version: OrderVersion,
    /// When its status last changed.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::{DraftError, OrderDraft};

    #[test]
    fn lines_of_one_product_are_merged() {
        let draft = OrderDraft::parse([("A", 2), ("B", 1), ("A", 3)]).expect("legal");
        let lines: Vec<_> =
            draft.lines().iter().map(|l| (l.product.as_str(), l.quantity)).collect();
        assert_eq!(lines, [("A", 5), ("B", 1)]);
    }

    #[test]
    fn all_problems_are_reported_with_their_line() {
        let problems =
            OrderDraft::parse([("A", 0), ("", 1), ("B", 1000), ("B", 1)]).expect_err("illegal");
        assert_eq!(
            problems,
            [
                DraftError::Quantity { index: 0 },
                DraftError::ProductId { index: 1 },
                DraftError::Quantity { index: 3 }
            ]
        );
        assert_eq!(OrderDraft::parse([]), Err(vec![DraftError::Empty]));
        let many = (0..101).map(|_| ("A", 1));
        assert!(OrderDraft::parse(many).expect_err("too many").contains(&DraftError::TooManyLines));
    }
}
