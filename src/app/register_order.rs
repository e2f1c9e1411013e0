use std::sync::Arc;

use tokio::time::timeout;

use super::AfterCommit;
use super::after_commit::COPY_TIMEOUT;
use crate::domain::{CorrelationId, UserId};
use crate::ports::{OrderStore, StatusCopy, StoreError};

/// What came of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// The order is the caller's, and its copy lives on.
    Yes,
    /// The order is unknown or somebody else's, without a difference.
    NotFound,
}

/// A tab declares which order it waits for (S2-C1-2g): its status copy is kept alive or made anew
///
pub struct RegisterOrder {
    orders: Arc<dyn OrderStore>,
    copy: Arc<dyn StatusCopy>,
    after_commit: AfterCommit,
}

impl RegisterOrder {
    /// The use case over these ports.
    pub fn new(
        orders: Arc<dyn OrderStore>,
        copy: Arc<dyn StatusCopy>,
        after_commit: AfterCommit,
    ) -> Self {
        Self { orders, copy, after_commit }
    }

    /// Registers the order for `user`. Errors only when neither the copy nor the system of record
    /// could tell the owner.
    pub async fn run(
        &self,
        user: &UserId,
        correlation_id: CorrelationId,
    ) -> Result<Registered, StoreError> {
        let copied = timeout(COPY_TIMEOUT, self.copy.owner(correlation_id)).await;
        match copied {
            Ok(Ok(Some(owner))) if owner != *user => return Ok(Registered::NotFound),
            Ok(Ok(Some(_))) => {
                // Best effort: a copy that expires is made anew by the next reader.
                let _ = timeout(COPY_TIMEOUT, self.copy.touch(correlation_id)).await;
                return Ok(Registered::Yes);
            }
            Ok(Ok(None) | Err(_)) | Err(_) => {}
        }
        match self.orders.snapshot(correlation_id).await?.filter(|snapshot| snapshot.user == *user)
        {
            None => Ok(Registered::NotFound),
            Some(snapshot) => {
                self.after_commit.copy(&snapshot).await;
                Ok(Registered::Yes)
            }
        }
    }
}
