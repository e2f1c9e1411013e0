//! The MessagePack encoding (A8): one array per message; lengths in front are cut by `framing`.

mod cursor;
mod read;
mod write;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{BindError, EncodeError, Encoded};
use cursor::Cursor;

pub(super) use read::decode;
pub(super) use write::encode;

/// Objects become maps keyed by member name; ids and instants stay text, as .NET writes them.
pub(super) fn encode_value<T: Serialize + ?Sized>(value: &T) -> Result<Encoded, EncodeError> {
    let mut bytes = Vec::new();
    let mut serializer =
        rmp_serde::Serializer::new(&mut bytes).with_struct_map().with_human_readable();
    value.serialize(&mut serializer).map_err(EncodeError::MessagePack)?;
    Ok(Encoded(bytes.into()))
}

pub(super) fn bind<T: DeserializeOwned>(value: &Encoded) -> Result<T, BindError> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(&value.0).with_human_readable();
    deserializer.set_max_depth(cursor::MAXIMUM_DEPTH);
    T::deserialize(&mut deserializer).map_err(|_| BindError)
}

/// The elements of an encoded array, sharing its bytes; `None` when it is no array.
pub(super) fn split_array(value: &Encoded) -> Option<Vec<Encoded>> {
    let bytes: &Bytes = &value.0;
    let mut cursor = Cursor::new(bytes);
    let count = cursor.array("arguments").ok()?;
    (0..count).map(|_| cursor.value("arguments").ok()).collect()
}
