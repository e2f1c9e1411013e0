use serde::Serialize;
use utoipa::ToSchema;

use crate::app::StatusView;
use crate::domain::{CorrelationId, OrderStatus, OrderVersion, Timestamp};

/// Where an order stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatusOfOrder)]
pub(in crate::http) struct StatusDto {
    #[schema(value_type = uuid::Uuid)]
    correlation_id: CorrelationId,
    order_id: i64,
    #[schema(value_type = OrderStatusDto)]
    status: OrderStatus,
    /// Counts the order's changes from 1: of two answers the one with the higher version is newer.
    #[schema(value_type = u32)]
    version: OrderVersion,
    /// When the status changed last; missing while the store is out and a copy answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<time::OffsetDateTime>, nullable = false)]
    updated_at: Option<Timestamp>,
}

/// Where an order stands, in one word.
#[derive(ToSchema)]
#[schema(as = OrderStatus)]
#[expect(
    dead_code,
    reason = "the domain's type knows nothing of OpenAPI; a test holds the two together"
)]
pub(in crate::http) enum OrderStatusDto {
    Accepted,
    Processing,
    Completed,
    Failed,
    Cancelled,
}

impl From<StatusView> for StatusDto {
    fn from(view: StatusView) -> Self {
        Self {
            correlation_id: view.correlation_id,
            order_id: view.order_id.0,
            status: view.status,
            version: view.version,
            updated_at: view.updated_at,
        }
    }
}
