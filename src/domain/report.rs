use std::fmt;

use serde::{Deserialize, Serialize};
use time::Date;

use super::{Money, OrderStatus, Timestamp};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// The Julian day number of 1970-01-01.
const JULIAN_1970: i64 = 2_440_588;

/// A day in UTC, as days since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i64);

impl Day {
    /// The day an instant falls on.
    pub const fn of(instant: Timestamp) -> Self {
        Self(instant.micros.div_euclid(DAY))
    }

    /// The instant it begins.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_mul(DAY))
    }
}

/// As `2026-11-21`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match i32::try_from(self.0 + JULIAN_1970)
            .ok()
            .and_then(|day| Date::from_julian_day(day).ok())
        {
            Some(date) => {
                write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
            }
            None => f.write_str("out of range"),
        }
    }
}

/// Orders accepted on one day. Deleted ones do not count, here and in the other reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayOrders {
    /// Which day.
    pub day: Day,
    /// How many.
    pub orders: u64,
    /// What they are worth, whatever became of them.
    pub total: Money,
}

/// What completed orders brought one vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorRevenue {
    /// The vendor's name.
    pub vendor: String,
    /// Completed orders with a product of the vendor.
    pub orders: u64,
    /// Pieces sold.
    pub pieces: u64,
    /// What was paid for them.
    pub revenue: Money,
}

/// Orders that stand somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCount {
    /// Where.
    pub status: OrderStatus,
    /// How many.
    pub orders: u64,
}

#[cfg(test)]
mod tests {
    use super::{Day, Timestamp};

    #[test]
    fn days_begin_at_midnight_utc() {
        let instant = Timestamp::parse_rfc3339("2026-11-21T23:59:59.999999Z").expect("an instant");
        assert_eq!(Day::of(instant).to_string(), "2026-11-21");
        assert_eq!(Day::of(instant).start().to_string(), "2026-11-21T00:00:00Z");
        assert_eq!(Day::of(Timestamp::from_micros(-1)).to_string(), "1969-12-31");
    }
}
