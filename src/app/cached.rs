use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ports::{Cache, CacheKey, StoreError};

/// What was asked for, perhaps from a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied<T> {
    /// The value.
    pub value: T,
    /// The system of record is out, and this is what it said up to 5 minutes ago (S1-Res-4b).
    pub stale: bool,
}

/// Gets a value through the cache; `load` is dropped unasked when a copy serves.
///
/// # Errors
/// As `load` when no copy can stand in; a fault when the value has no JSON form or the copy is none
/// of ours.
pub(super) async fn cached<T: Serialize + DeserializeOwned>(
    cache: &dyn Cache,
    key: &CacheKey,
    load: impl Future<Output = Result<T, StoreError>> + Send,
) -> Result<Copied<T>, StoreError> {
    let load =
        async { serde_json::to_vec(&load.await?).map(Into::into).map_err(StoreError::fault) };
    let copy = cache.get_or_load(key, Box::pin(load)).await?;
    let value = serde_json::from_slice(&copy.value).map_err(StoreError::fault)?;
    Ok(Copied { value, stale: copy.stale })
}
