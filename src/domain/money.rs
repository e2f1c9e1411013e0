use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount in cents. JSON shows it as a decimal number, as the .NET DTOs do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Money {
    /// Hundredths of the currency unit.
    pub cents: i64,
}

impl Money {
    /// An amount of `cents` hundredths.
    pub const fn from_cents(cents: i64) -> Self {
        Self { cents }
    }

    /// The price after `discount_percent` (0..=100) is taken off, rounded half up to the cent.
    pub fn discounted(self, discount_percent: u8) -> Self {
        let keep = 100 - i64::from(discount_percent.min(100));
        Self::from_cents((self.cents * keep + 50).div_euclid(100))
    }

    /// The amount times `quantity`.
    pub fn times(self, quantity: u32) -> Self {
        Self::from_cents(self.cents * i64::from(quantity))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.cents / 100, self.cents % 100)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.cents as f64 / 100.0)
    }
}

/// Back from what [`Money::serialize`] wrote; exact up to a trillion.
impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let units = f64::deserialize(deserializer)?;
        Ok(Self::from_cents((units * 100.0).round() as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::Money;

    #[test]
    fn discount_rounds_half_up() {
        assert_eq!(Money::from_cents(999).discounted(15), Money::from_cents(849));
        assert_eq!(Money::from_cents(50).discounted(25), Money::from_cents(38));
        assert_eq!(Money::from_cents(100).discounted(0), Money::from_cents(100));
    }

    #[test]
    fn json_is_a_decimal_number() {
        assert_eq!(serde_json::to_string(&Money::from_cents(1999)).expect("json"), "19.99");
    }

    #[test]
    fn json_keeps_every_cent() {
        for cents in [0, 1, 29, 1999, 99_999_999_999_999] {
            let text = serde_json::to_string(&Money::from_cents(cents)).expect("json");
            assert_eq!(serde_json::from_str::<Money>(&text).expect("money").cents, cents, "{text}");
        }
    }
}
