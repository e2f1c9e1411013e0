//! Rows of orders.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use tiberius::Row;

use super::row::{Answer, Cells, odd};
use crate::domain::{
    CorrelationId, EventId, Money, Order, OrderEvent, OrderId, OrderLine, OrderSnapshot,
    OrderStatus, OrderVersion, Sku, UserId,
};
use crate::ports::{OutboxEntry, StoreError};

/// What stands for a user id where it is compared: SQL Server would ignore trailing blanks of the
/// text.
pub(super) fn digest(user: &UserId) -> Vec<u8> {
    Sha256::digest(user.as_str().as_bytes()).to_vec()
}

fn status(row: &Row) -> Result<OrderStatus, StoreError> {
    OrderStatus::from_word(row.cell("Status")?).ok_or_else(|| odd("Status"))
}

/// A SKU.
pub(super) fn sku(row: &Row) -> Result<Sku, StoreError> {
    Sku::parse(row.cell("Sku")?).ok_or_else(|| odd("Sku"))
}

/// An order without its history of changes.
pub(super) fn snapshot(row: &Row) -> Result<OrderSnapshot, StoreError> {
    Ok(OrderSnapshot {
        order_id: OrderId(row.cell("Id")?),
        correlation_id: CorrelationId::from(row.cell::<uuid::Uuid>("CorrelationId")?),
        user: UserId::new(row.text("UserId")?),
        status: status(row)?,
        version: OrderVersion::new(row.unsigned("Version")?),
        updated_at: row.instant("UpdatedAt")?,
    })
}

/// The event that was committed with an order's last change, from the row that tells its sequence.
pub(super) fn committed(
    row: &Row,
    order: &OrderSnapshot,
    event_id: EventId,
    trace_parent: Option<String>,
) -> Result<OutboxEntry, StoreError> {
    Ok(OutboxEntry {
        sequence: row.cell("Sequence")?,
        event: OrderEvent {
            event_id,
            correlation_id: order.correlation_id,
            order_id: order.order_id,
            status: order.status,
            version: order.version,
            occurred_at: order.updated_at,
            trace_parent,
        },
    })
}

/// The orders of result set `headers`, in its order, with their lines from the next one.
pub(super) fn orders(answer: &Answer, headers: usize) -> Result<Vec<Order>, StoreError> {
    let mut lines: HashMap<i64, Vec<OrderLine>> = HashMap::new();
    for row in answer.set(headers + 1)? {
        lines.entry(row.cell("OrderId")?).or_default().push(line(row)?);
    }
    answer.read(headers, |row| {
        let OrderSnapshot { order_id, correlation_id, user, status, version, updated_at } =
            snapshot(row)?;
        Ok(Order {
            id: order_id,
            correlation_id,
            user,
            status,
            version,
            created_at: row.instant("CreatedAt")?,
            updated_at,
            lines: lines.get(&order_id.0).cloned().unwrap_or_default(),
        })
    })
}

fn line(row: &Row) -> Result<OrderLine, StoreError> {
    Ok(OrderLine {
        product: sku(row)?,
        product_name: row.text("ProductName")?,
        image_url: row.text("ImageUrl")?,
        unit_price: Money::from_cents(row.cell("UnitPriceCents")?),
        quantity: row.unsigned("Quantity")?,
    })
}
