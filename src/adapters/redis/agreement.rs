use std::time::Duration;

use fred::clients::Client;
use fred::interfaces::KeysInterface;
use fred::types::{Expiration, SetOptions};
use tokio_util::sync::CancellationToken;

use super::error::store_error;
use super::keys;
use crate::ports::StoreError;

/// The agreement ends so long after the last pod that holds it.
const LIFE: Duration = Duration::from_secs(30);

/// What all web pods of one Redis must have in common, or they would not hear each other: the name
/// under which their hubs meet (S2-K-1). The first pod sets it, the others compare, each renews it.
pub struct Agreement {
    client: Client,
    value: String,
}

impl Agreement {
    /// An agreement on `value`.
    pub fn new(client: Client, value: impl Into<String>) -> Self {
        Self { client, value: value.into() }
    }

    /// Sets the value or compares. Returns the other pods' value when it is a different one.
    pub async fn conclude(&self) -> Result<Option<String>, StoreError> {
        self.set(Some(SetOptions::NX)).await?;
        let agreed: Option<String> = self.client.get(keys::AGREEMENT).await.map_err(store_error)?;
        Ok(agreed.filter(|agreed| *agreed != self.value))
    }

    /// Renews it until `stop`. A Redis that is out or was flushed is no reason to worry: the next
    /// round sets it again.
    pub async fn keep(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(LIFE / 3);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = self.set(None).await {
                tracing::debug!(%error, "the pods' agreement could not be renewed");
            }
        }
    }

    async fn set(&self, options: Option<SetOptions>) -> Result<(), StoreError> {
        let life = Expiration::EX(i64::try_from(LIFE.as_secs()).unwrap_or(i64::MAX));
        self.client
            .set::<Option<String>, _, _>(
                keys::AGREEMENT,
                self.value.as_str(),
                Some(life),
                options,
                false,
            )
            .await
            .map(|_| ())
            .map_err(store_error)
    }
}
