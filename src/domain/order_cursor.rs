use std::fmt;
use std::str::FromStr;

use super::{Order, OrderId, Timestamp};

/// A place in a user's orders, newest first: what follows is older. Its text is opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderCursor {
    /// When the order there was accepted.
    pub created_at: Timestamp,
    /// The order there.
    pub id: OrderId,
}

impl OrderCursor {
    /// Before the newest order.
    pub const START: Self =
        Self { created_at: Timestamp::from_micros(i64::MAX), id: OrderId(i64::MAX) };

    /// Hexadecimal digits of a number: instants up to the year 38,000, and as many orders.
    const LONGEST_NUMBER: usize = 15;

    /// The place of `order`.
    pub fn at(order: &Order) -> Self {
        Self { created_at: order.created_at, id: order.id }
    }
}

impl fmt::Display for OrderCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.created_at.micros, self.id.0)
    }
}

impl FromStr for OrderCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |text: &str| {
            let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let fits = text.len() <= Self::LONGEST_NUMBER;
            (plain && fits).then(|| i64::from_str_radix(text, 16).ok()).flatten().ok_or(())
        };
        let (created_at, id) = text.split_once('-').ok_or(())?;
        let created_at = Timestamp::from_micros(number(created_at)?);
        Ok(Self { created_at, id: OrderId(number(id)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::OrderCursor;
    use crate::domain::{OrderId, Timestamp};

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let cursor = OrderCursor { created_at: Timestamp::from_micros(1_234), id: OrderId(7) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "-", "1", "1-", "-1", "+1-1", "1-1-1", "x-1", "A-1", "1000000000000000-1"]
        {
            assert_eq!(text.parse::<OrderCursor>(), Err(()), "{text}");
        }
    }
}
