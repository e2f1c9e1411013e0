use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// JSON knows one kind of number: `2.0` is the whole number 2, as JSON Schema says too.
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    // `as` saturates; what is out of range is refused later with the range in words.
    let whole = number.as_f64().filter(|value| value.fract() == 0.0).map(|value| value as i64);
    number.as_i64().or(whole).ok_or_else(|| D::Error::custom("expected a whole number"))
}
