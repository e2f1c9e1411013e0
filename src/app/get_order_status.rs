use std::sync::Arc;

use tokio::time::timeout;

use super::AfterCommit;
use super::after_commit::COPY_TIMEOUT;
use crate::domain::{
    CorrelationId, OrderId, OrderSnapshot, OrderStatus, OrderVersion, Timestamp, UserId,
};
use crate::ports::{OrderStore, StatusCopy, StoreError};

/// Where an order stands, as its owner may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusView {
    /// Workflow id.
    pub correlation_id: CorrelationId,
    /// Row number.
    pub order_id: OrderId,
    /// Where it stands.
    pub status: OrderStatus,
    /// How many changes brought it there.
    pub version: OrderVersion,
    /// When that changed last. `None` when the system of record was out and the copy answered,
    /// which may be behind.
    pub updated_at: Option<Timestamp>,
}

/// Answers status questions: the polling endpoint and the hub's `GetCurrentStatus`.
pub struct GetOrderStatus {
    orders: Arc<dyn OrderStore>,
    copy: Arc<dyn StatusCopy>,
    after_commit: AfterCommit,
}

impl GetOrderStatus {
    /// The use case over these ports.
    pub fn new(
        orders: Arc<dyn OrderStore>,
        copy: Arc<dyn StatusCopy>,
        after_commit: AfterCommit,
    ) -> Self {
        Self { orders, copy, after_commit }
    }

    /// By row number; `None` when the order is unknown, deleted or somebody else's.
    pub async fn by_id(
        &self,
        user: &UserId,
        id: OrderId,
    ) -> Result<Option<StatusView>, StoreError> {
        Ok(self.orders.snapshot_by_id(user, id).await?.map(|snapshot| view(&snapshot)))
    }

    /// By workflow id; `None` when the order is unknown or somebody else's, without a difference
    ///
    ///
    /// The copy is asked first and a stranger stops there. It does not know `updated_at`, and after
    /// an outage of its own it may be behind, so the status comes from the system of record, and
    /// from the copy when that is out. A copy that is missing or behind is written anew.
    pub async fn by_correlation(
        &self,
        user: &UserId,
        correlation_id: CorrelationId,
    ) -> Result<Option<StatusView>, StoreError> {
        let copied = timeout(COPY_TIMEOUT, self.copy.read(correlation_id)).await;
        let known = match &copied {
            Ok(Ok(Some(order))) if order.user != *user => return Ok(None),
            Ok(Ok(known)) => known.as_ref(),
            Ok(Err(_)) | Err(_) => None,
        };
        let snapshot = match self.orders.snapshot(correlation_id).await {
            Ok(snapshot) => snapshot,
            Err(error) if error.is_transient() => {
                let Some(order) = known else { return Err(error) };
                return Ok(Some(StatusView {
                    correlation_id,
                    order_id: order.order_id,
                    status: order.status,
                    version: order.version,
                    updated_at: None,
                }));
            }
            Err(error) => return Err(error),
        };
        let Some(snapshot) = snapshot.filter(|snapshot| snapshot.user == *user) else {
            return Ok(None);
        };
        let copy_answers = matches!(copied, Ok(Ok(_)));
        let behind = known.is_none_or(|order| order.version < snapshot.version);
        if copy_answers && behind {
            self.after_commit.copy(&snapshot).await;
        }
        Ok(Some(view(&snapshot)))
    }
}

fn view(snapshot: &OrderSnapshot) -> StatusView {
    StatusView {
        correlation_id: snapshot.correlation_id,
        order_id: snapshot.order_id,
        status: snapshot.status,
        version: snapshot.version,
        updated_at: Some(snapshot.updated_at),
    }
}
