use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// Whether a number is whole is all that is checked; a missing field is an error.
pub(super) fn whole_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    match Option::<Number>::deserialize(deserializer)? {
        None => Ok(None),
        Some(number) => of(&number).map(Some),
    }
}

/// JSON knows one kind of number: `2.0` is the whole number 2, as JSON Schema says too.
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    of(&Number::deserialize(deserializer)?)
}

fn of<E: serde::de::Error>(number: &Number) -> Result<i64, E> {
    // `as` saturates; what is out of range is refused later with the range in words.
    let whole = number.as_f64().filter(|value| value.fract() == 0.0).map(|value| value as i64);
    number.as_i64().or(whole).ok_or_else(|| E::custom("expected a whole number"))
}
