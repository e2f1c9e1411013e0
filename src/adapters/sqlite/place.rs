//! Accepting an order.

use std::time::Duration;

use rusqlite::Connection;

use super::job_store::insert_job;
use super::orders::{blob, lines, read_order};
use super::outbox::insert_event;
use super::statement::{execute, first, insert};
use crate::domain::{
    DraftLine, Money, Order, OrderEvent, OrderId, OrderLine, OrderStatus, OrderVersion, Sku,
    Timestamp, UserId,
};
use crate::ports::{IdempotencyKey, NewOrder, Placed, Shortage, StoreError};

/// How long an idempotency record counts.
pub(super) const IDEMPOTENCY_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// See [`crate::ports::OrderStore::place`].
pub(super) fn place(
    connection: &Connection,
    now: Timestamp,
    new: &NewOrder,
    handover: Duration,
) -> Result<Placed, StoreError> {
    let known = find_customer(connection, &new.user)?;
    if let (Some(customer), Some(key)) = (known, &new.idempotency)
        && let Some(earlier) = replay(connection, now, customer, &new.user, key)?
    {
        return Ok(earlier);
    }
    let (priced, unknown) = price(connection, new.draft.lines())?;
    if !unknown.is_empty() {
        return Ok(Placed::UnknownProducts(unknown));
    }
    let short: Vec<_> = priced.iter().filter_map(Priced::shortage).collect();
    if !short.is_empty() {
        return Ok(Placed::OutOfStock(short));
    }
    let customer = match known {
        Some(customer) => customer,
        None => insert(connection, sql!("customer_insert"), (new.user.as_str(), now.micros))?,
    };
    let order = store(connection, now, new, customer, priced)?;
    insert_job(connection, now, &new.job)?;
    if let Some(IdempotencyKey { key, fingerprint }) = &new.idempotency {
        execute(
            connection,
            sql!("idempotency_store"),
            (customer, key, fingerprint, order.id.0, now.micros),
        )?;
    }
    let event = OrderEvent {
        event_id: new.event_id,
        correlation_id: order.correlation_id,
        order_id: order.id,
        status: order.status,
        version: order.version,
        occurred_at: now,
        trace_parent: new.job.trace_parent.clone(),
    };
    let entry = insert_event(connection, event, handover)?;
    Ok(Placed::Created(order, entry))
}

/// The customer's row number.
pub(super) fn find_customer(
    connection: &Connection,
    user: &UserId,
) -> rusqlite::Result<Option<i64>> {
    first(connection, sql!("customer_find"), [user.as_str()], |row| row.get(0))
}

/// The answer of the first request with this key.
fn replay(
    connection: &Connection,
    now: Timestamp,
    customer: i64,
    user: &UserId,
    key: &IdempotencyKey,
) -> rusqlite::Result<Option<Placed>> {
    let since = now.minus(IDEMPOTENCY_KEPT).micros;
    let record = first(connection, sql!("idempotency_find"), (customer, &key.key, since), |row| {
        Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, i64>(1)?))
    })?;
    let Some((fingerprint, order)) = record else { return Ok(None) };
    if fingerprint != key.fingerprint {
        return Ok(Some(Placed::KeyReused));
    }
    let Some(order) =
        first(connection, sql!("order_by_row"), [order], |row| read_order(row, user))?
    else {
        return Ok(None);
    };
    // As it was accepted, whatever became of it since.
    Ok(Some(Placed::Replayed(Order {
        status: OrderStatus::Accepted,
        version: OrderVersion::FIRST,
        updated_at: order.created_at,
        lines: lines(connection, order.id)?,
        ..order
    })))
}

/// A line at today's price, with what there is of its product.
struct Priced {
    product: i64,
    line: OrderLine,
    stock: Option<u32>,
}

impl Priced {
    fn shortage(&self) -> Option<Shortage> {
        let left = self.stock.filter(|left| *left < self.line.quantity)?;
        Some(Shortage { product: self.line.product.clone(), left })
    }
}

/// The lines priced, and the products that are not for sale.
fn price(
    connection: &Connection,
    wanted: &[DraftLine],
) -> rusqlite::Result<(Vec<Priced>, Vec<Sku>)> {
    let mut priced = Vec::with_capacity(wanted.len());
    let mut unknown = Vec::new();
    for DraftLine { product, quantity } in wanted {
        let line = first(connection, sql!("product_for_order"), [product.as_str()], |row| {
            let line = OrderLine {
                product: product.clone(),
                product_name: row.get(1)?,
                image_url: row.get(2)?,
                unit_price: Money::from_cents(row.get(3)?).discounted(row.get(4)?),
                quantity: *quantity,
            };
            Ok(Priced { product: row.get(0)?, line, stock: row.get(5)? })
        })?;
        match line {
            Some(line) => priced.push(line),
            None => unknown.push(product.clone()),
        }
    }
    Ok((priced, unknown))
}

fn store(
    connection: &Connection,
    now: Timestamp,
    new: &NewOrder,
    customer: i64,
    priced: Vec<Priced>,
) -> rusqlite::Result<Order> {
    let total: i64 =
        priced.iter().map(|Priced { line, .. }| line.unit_price.times(line.quantity).cents).sum();
    let status = OrderStatus::Accepted;
    let values = (blob(new.correlation_id), customer, status.word(), total, now.micros);
    let id = insert(connection, sql!("order_insert"), values)?;
    for (number, Priced { product, line, stock }) in priced.iter().enumerate() {
        let taken = stock.map_or(0, |_| line.quantity);
        if taken > 0 {
            execute(connection, sql!("product_take_stock"), (product, taken, now.micros))?;
        }
        let values = (
            id,
            number,
            product,
            &line.product_name,
            &line.image_url,
            line.unit_price.cents,
            line.quantity,
            taken,
        );
        execute(connection, sql!("order_item_insert"), values)?;
    }
    execute(
        connection,
        sql!("order_history_insert"),
        (id, status.word(), now.micros, None::<&str>),
    )?;
    Ok(Order {
        id: OrderId(id),
        correlation_id: new.correlation_id,
        user: new.user.clone(),
        status,
        version: OrderVersion::FIRST,
        created_at: now,
        updated_at: now,
        lines: priced.into_iter().map(|priced| priced.line).collect(),
    })
}
