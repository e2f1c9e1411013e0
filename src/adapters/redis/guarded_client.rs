use std::sync::Arc;
use std::time::Duration;

use fred::clients::Client;
use fred::error::Error;

use super::error::store_error;
use crate::adapters::Guard;
use crate::ports::StoreError;

/// A client whose calls pass a guard (S1-Res-1). Clones share both.
#[derive(Clone)]
pub struct GuardedClient {
    pub(super) client: Client,
    guard: Arc<Guard>,
}

impl GuardedClient {
    /// Guards what is done through `client`.
    pub fn new(client: Client, guard: Arc<Guard>) -> Self {
        Self { client, guard }
    }

    /// The guard.
    pub fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// Does `work` unless the breaker is open, within the guard's deadline.
    pub(super) async fn run<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, StoreError> {
        self.guard.call(async { work.await.map_err(store_error) }).await
    }

    /// The same with another deadline.
    pub(super) async fn run_within<T>(
        &self,
        deadline: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, StoreError> {
        self.guard.call_within(deadline, async { work.await.map_err(store_error) }).await
    }
}
