use std::fmt;

use serde::{Deserialize, Serialize};

use super::OrderStatus;

/// Counts the changes of one order, from 1 without holes (D5a). A higher version is newer, whatever
/// the statuses are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderVersion(u32);

impl OrderVersion {
    /// Of an order that was accepted and nothing else.
    pub const FIRST: Self = Self(1);

    /// The version with this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The version an order usually has in this status: what a release that knew no versions meant.
    pub const fn usual(status: OrderStatus) -> Self {
        match status {
            OrderStatus::Accepted => Self(1),
            OrderStatus::Processing | OrderStatus::Cancelled => Self(2),
            OrderStatus::Completed | OrderStatus::Failed => Self(3),
        }
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The version after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for OrderVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
