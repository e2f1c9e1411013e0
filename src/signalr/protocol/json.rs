//! The JSON encoding (A3).

mod fields;
mod read;
mod write;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{BindError, EncodeError, Encoded};

pub(super) use read::decode;
pub(super) use write::encode;

pub(super) fn encode_value<T: Serialize + ?Sized>(value: &T) -> Result<Encoded, EncodeError> {
    serde_json::to_vec(value).map(|text| Encoded(text.into())).map_err(EncodeError::Json)
}

pub(super) fn bind<T: DeserializeOwned>(value: &Encoded) -> Result<T, BindError> {
    serde_json::from_slice(&value.0).map_err(|_| BindError)
}

/// The elements of an encoded array, sharing its bytes; `None` when it is no array.
pub(super) fn split_array(value: &Encoded) -> Option<Vec<Encoded>> {
    let text = std::str::from_utf8(&value.0).ok()?;
    elements(&value.0, text)
}

/// The elements of the array `text`, which is a part of `whole`.
fn elements(whole: &Bytes, text: &str) -> Option<Vec<Encoded>> {
    let raw: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(
        raw.into_iter().map(|element| Encoded(whole.slice_ref(element.get().as_bytes()))).collect(),
    )
}
