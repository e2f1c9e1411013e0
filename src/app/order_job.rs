use serde::{Deserialize, Serialize};

use crate::domain::CorrelationId;

/// The job that processes an accepted order.
pub const ORDER_ACCEPTED_JOB: &str = "order.accepted";

/// Its arguments: ids only.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderJobArgs {
    /// Which order.
    pub correlation_id: CorrelationId,
}
