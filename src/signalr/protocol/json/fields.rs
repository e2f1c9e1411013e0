use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The properties of one record, not yet interpreted. The last of several equal ones wins, unknown
/// ones are skipped.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) kind: Option<&'a RawValue>,
    pub(super) headers: Option<&'a RawValue>,
    pub(super) invocation_id: Option<&'a RawValue>,
    pub(super) target: Option<&'a RawValue>,
    pub(super) arguments: Option<&'a RawValue>,
    pub(super) stream_ids: Option<&'a RawValue>,
    pub(super) item: Option<&'a RawValue>,
    pub(super) result: Option<&'a RawValue>,
    pub(super) error: Option<&'a RawValue>,
    pub(super) allow_reconnect: Option<&'a RawValue>,
    pub(super) sequence_id: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor).map(|fields: Fields<'de>| fields)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hub message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key::<Name>()? {
            let value: &'de RawValue = map.next_value()?;
            let slot = match name {
                Name::Type => &mut fields.kind,
                Name::Headers => &mut fields.headers,
                Name::InvocationId => &mut fields.invocation_id,
                Name::Target => &mut fields.target,
                Name::Arguments => &mut fields.arguments,
                Name::StreamIds => &mut fields.stream_ids,
                Name::Item => &mut fields.item,
                Name::Result => &mut fields.result,
                Name::Error => &mut fields.error,
                Name::AllowReconnect => &mut fields.allow_reconnect,
                Name::SequenceId => &mut fields.sequence_id,
                Name::Unknown => continue,
            };
            *slot = Some(value);
        }
        Ok(fields)
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Name {
    Type,
    Headers,
    InvocationId,
    Target,
    Arguments,
    StreamIds,
    Item,
    Result,
    Error,
    AllowReconnect,
    SequenceId,
    #[serde(other)]
    Unknown,
}
