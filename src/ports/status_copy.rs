use async_trait::async_trait;

use super::StoreError;
use crate::domain::{CorrelationId, OrderId, OrderSnapshot, OrderStatus, OrderVersion, UserId};

/// What the copy knows of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedStatus {
    /// Whose it is.
    pub user: UserId,
    /// Row number.
    pub order_id: OrderId,
    /// Where it stands.
    pub status: OrderStatus,
    /// How many changes brought it there.
    pub version: OrderVersion,
}

impl From<&OrderSnapshot> for CopiedStatus {
    fn from(order: &OrderSnapshot) -> Self {
        Self {
            user: order.user.clone(),
            order_id: order.order_id,
            status: order.status,
            version: order.version,
        }
    }
}

/// The fast shared copy of owner and status (`order:map:{cid}`, `order:status:{cid}`; D9). Never
/// the truth: every value can be rebuilt from the system of record, and every value expires.
#[async_trait]
pub trait StatusCopy: Send + Sync {
    /// Writes owner, order id and status, and renews their time to live. The status never goes back
    /// to an older version, so a late writer does no harm; owner and id never change.
    async fn write(&self, snapshot: &OrderSnapshot) -> Result<(), StoreError>;

    /// The owner; `None` when it is not (or no longer) known here.
    async fn owner(&self, correlation_id: CorrelationId) -> Result<Option<UserId>, StoreError>;

    /// What is known of the order; `None` when any of it is missing.
    async fn read(&self, correlation_id: CorrelationId)
    -> Result<Option<CopiedStatus>, StoreError>;

    /// Renews the time to live of what is there; nothing happens when it is gone.
    async fn touch(&self, correlation_id: CorrelationId) -> Result<(), StoreError>;
}
