//! Rows of orders, as every store here reads them.

use rusqlite::types::Type;
use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::statement::{all, first};
use crate::domain::{
    CorrelationId, Money, Order, OrderId, OrderLine, OrderSnapshot, OrderStatus, OrderVersion, Sku,
    Timestamp, UserId,
};

/// Reads an order without its lines: Id, CorrelationId, Status, CreatedAt, UpdatedAt, version.
pub(super) fn read_order(row: &Row<'_>, user: &UserId) -> rusqlite::Result<Order> {
    Ok(Order {
        id: OrderId(row.get(0)?),
        correlation_id: correlation_id(row, 1)?,
        user: user.clone(),
        status: status(row, 2)?,
        created_at: timestamp(row, 3)?,
        updated_at: timestamp(row, 4)?,
        version: version(row, 5)?,
        lines: Vec::new(),
    })
}

/// Reads the lines of an order.
pub(super) fn lines(connection: &Connection, id: OrderId) -> rusqlite::Result<Vec<OrderLine>> {
    all(connection, sql!("order_lines"), [id.0], |row| {
        Ok(OrderLine {
            product: sku(row, 0)?,
            product_name: row.get(1)?,
            image_url: row.get(2)?,
            unit_price: Money::from_cents(row.get(3)?),
            quantity: row.get(4)?,
        })
    })
}

/// Reads Id, CorrelationId, UserId, Status, UpdatedAt, version.
pub(super) fn read_snapshot(row: &Row<'_>) -> rusqlite::Result<OrderSnapshot> {
    Ok(OrderSnapshot {
        order_id: OrderId(row.get(0)?),
        correlation_id: correlation_id(row, 1)?,
        user: UserId::new(row.get::<_, String>(2)?),
        status: status(row, 3)?,
        updated_at: timestamp(row, 4)?,
        version: version(row, 5)?,
    })
}

/// The order's status, deleted or not.
pub(super) fn snapshot(
    connection: &Connection,
    id: CorrelationId,
) -> rusqlite::Result<Option<OrderSnapshot>> {
    first(connection, sql!("order_snapshot"), [blob(id)], read_snapshot)
}

/// The 16 bytes a correlation id is stored as.
pub(super) fn blob(id: CorrelationId) -> [u8; 16] {
    id.as_uuid().into_bytes()
}

pub(super) fn correlation_id(row: &Row<'_>, column: usize) -> rusqlite::Result<CorrelationId> {
    Ok(Uuid::from_bytes(row.get(column)?).into())
}

pub(super) fn timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_micros)
}

pub(super) fn version(row: &Row<'_>, column: usize) -> rusqlite::Result<OrderVersion> {
    row.get(column).map(OrderVersion::new)
}

pub(super) fn status(row: &Row<'_>, column: usize) -> rusqlite::Result<OrderStatus> {
    let word: String = row.get(column)?;
    OrderStatus::from_word(&word).ok_or_else(|| illegal(column, "an order status"))
}

pub(super) fn sku(row: &Row<'_>, column: usize) -> rusqlite::Result<Sku> {
    let text: String = row.get(column)?;
    Sku::parse(&text).ok_or_else(|| illegal(column, "a SKU"))
}

/// A value that some other program must have stored.
pub(super) fn illegal(column: usize, wanted: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        Type::Text,
        format!("the database holds what is not {wanted}").into(),
    )
}
