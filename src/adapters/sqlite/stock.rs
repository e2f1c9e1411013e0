//! Pieces that orders take from stock and give back (D9a).

use rusqlite::Connection;

use super::orders::sku;
use super::statement::{all, execute};
use crate::domain::{OrderId, Sku, Timestamp};

/// A line of an order with what its product has.
pub(super) struct StockLine {
    line: i64,
    product: i64,
    sku: Sku,
    quantity: i64,
    /// `None`: the product cannot run out.
    stock: Option<i64>,
    /// Pieces the line holds; `None` for a line of the release before.
    taken: Option<i64>,
    amount: i64,
    total: i64,
    sold: bool,
}

/// The lines of an order.
pub(super) fn stock_lines(
    connection: &Connection,
    order: OrderId,
) -> rusqlite::Result<Vec<StockLine>> {
    all(connection, sql!("order_fulfilment"), [order.0], |row| {
        let quantity = row.get(2)?;
        Ok(StockLine {
            total: row.get(0)?,
            amount: row.get::<_, i64>(1)? * quantity,
            quantity,
            sold: row.get(3)?,
            line: row.get(4)?,
            product: row.get(5)?,
            sku: sku(row, 6)?,
            stock: row.get(7)?,
            taken: row.get(8)?,
        })
    })
}

/// Whether the lines still add up to the accepted total, and every product is still sold.
pub(super) fn adds_up(lines: &[StockLine]) -> bool {
    let sum: i64 = lines.iter().map(|line| line.amount).sum();
    !lines.is_empty() && lines.iter().all(|line| line.total == sum && line.sold)
}

/// The first product of which a line asks for more than there is.
pub(super) fn short<'a>(lines: impl IntoIterator<Item = &'a StockLine>) -> Option<Sku> {
    let is_short = |line: &&StockLine| line.stock.is_some_and(|stock| stock < line.quantity);
    lines.into_iter().find(is_short).map(|line| line.sku.clone())
}

/// Takes the pieces of the given lines, none of which is short.
pub(super) fn take<'a>(
    connection: &Connection,
    now: Timestamp,
    order: OrderId,
    lines: impl IntoIterator<Item = &'a StockLine>,
) -> rusqlite::Result<()> {
    for line in lines {
        let taken = line.stock.map_or(0, |_| line.quantity);
        if taken > 0 {
            let values = (line.product, taken, now.micros);
            execute(connection, sql!("product_take_stock"), values)?;
        }
        execute(connection, sql!("order_line_take"), (order.0, line.line, taken))?;
    }
    Ok(())
}

/// The lines that pods of the release before accepted, which took nothing.
pub(super) fn without_taken(lines: &[StockLine]) -> impl Iterator<Item = &StockLine> {
    lines.iter().filter(|line| line.taken.is_none())
}

/// Gives back what the order's lines hold.
pub(super) fn give_back(
    connection: &Connection,
    now: Timestamp,
    order: OrderId,
) -> rusqlite::Result<()> {
    let holding: Vec<(i64, i64, i64)> =
        all(connection, sql!("order_lines_holding"), [order.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    for (line, product, taken) in holding {
        execute(connection, sql!("product_return_stock"), (product, taken, now.micros))?;
        execute(connection, sql!("order_line_take"), (order.0, line, 0))?;
    }
    Ok(())
}
