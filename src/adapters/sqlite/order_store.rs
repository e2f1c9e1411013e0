use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, Params};

use super::advance::{Change, advance, change_status};
use super::database::SqliteDatabase;
use super::orders::{correlation_id, lines, read_order, read_snapshot, snapshot};
use super::place::{IDEMPOTENCY_KEPT, find_customer, place};
use super::requeue::requeue;
use super::statement::{all, execute, first, only};
use crate::domain::{
    CorrelationId, EventId, JobId, Order, OrderCursor, OrderId, OrderSnapshot, OrderStatus, Page,
    PageOf, Timestamp, Transition, UserId, Verdict,
};
use crate::ports::{
    AdvanceOrder, Advanced, NewOrder, OrderFilter, OrderStore, Placed, Removed, RequeueOrder,
    RequeuedOrder, StoreError, StuckOrder,
};

pub(super) struct SqliteOrderStore {
    database: Arc<SqliteDatabase>,
}

impl SqliteOrderStore {
    pub(super) fn new(database: Arc<SqliteDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl OrderStore for SqliteOrderStore {
    async fn place(&self, order: NewOrder) -> Result<Placed, StoreError> {
        let handover = self.database.handover();
        self.database.write(move |connection, now| place(connection, now, &order, handover)).await
    }

    async fn advance(&self, step: AdvanceOrder) -> Result<Advanced, StoreError> {
        let handover = self.database.handover();
        self.database.write(move |connection, now| advance(connection, now, &step, handover)).await
    }

    async fn requeue(&self, order: RequeueOrder) -> Result<RequeuedOrder, StoreError> {
        let handover = self.database.handover();
        self.database.write(move |connection, now| requeue(connection, now, &order, handover)).await
    }

    async fn find(&self, owner: &UserId, id: OrderId) -> Result<Option<Order>, StoreError> {
        let owner = owner.clone();
        self.database
            .read(move |connection| {
                let order =
                    first(connection, sql!("order_of_owner"), (id.0, owner.as_str()), |row| {
                        read_order(row, &owner)
                    })?;
                let Some(order) = order else { return Ok(None) };
                Ok(Some(Order { lines: lines(connection, id)?, ..order }))
            })
            .await
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        page: Page,
    ) -> Result<PageOf<Order>, StoreError> {
        let (owner, filter) = (owner.clone(), filter.clone());
        self.database.read(move |connection| list(connection, &owner, &filter, page)).await
    }

    async fn list_after(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        after: OrderCursor,
        size: u32,
    ) -> Result<Vec<Order>, StoreError> {
        let (owner, filter) = (owner.clone(), filter.clone());
        self.database
            .read(move |connection| {
                let Some(customer) = find_customer(connection, &owner)? else {
                    return Ok(Vec::new());
                };
                let (from, to, status) = bounds(&filter);
                let place = (after.created_at.micros, after.id.0);
                let values = (customer, from, to, status, place.0, place.1, size);
                Ok(whole(connection, &owner, sql!("order_page_after"), values)?)
            })
            .await
    }

    async fn snapshot(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<OrderSnapshot>, StoreError> {
        self.database.read(move |connection| Ok(snapshot(connection, correlation_id)?)).await
    }

    async fn snapshot_by_id(
        &self,
        owner: &UserId,
        id: OrderId,
    ) -> Result<Option<OrderSnapshot>, StoreError> {
        let owner = owner.clone();
        self.database
            .read(move |connection| Ok(by_row(connection, id)?.filter(|order| order.user == owner)))
            .await
    }

    async fn remove(
        &self,
        owner: &UserId,
        id: OrderId,
        event_id: EventId,
    ) -> Result<Removed, StoreError> {
        let (owner, handover) = (owner.clone(), self.database.handover());
        self.database
            .write(move |connection, now| remove(connection, now, &owner, id, event_id, handover))
            .await
    }

    async fn forget_idempotency(&self, limit: usize) -> Result<u64, StoreError> {
        self.database
            .write(move |connection, now| {
                let before = now.minus(IDEMPOTENCY_KEPT).micros;
                Ok(execute(connection, sql!("idempotency_forget"), (before, limit))? as u64)
            })
            .await
    }

    async fn stuck(&self, quiet: Duration, limit: usize) -> Result<Vec<StuckOrder>, StoreError> {
        let before = self.database.now().minus(quiet).micros;
        self.database
            .read(move |connection| {
                let stuck = sql!("order_stuck");
                Ok(all(connection, stuck, (before, limit), |row| {
                    let job = JobId(row.get(1)?);
                    Ok(StuckOrder { correlation_id: correlation_id(row, 0)?, job })
                })?)
            })
            .await
    }
}

fn by_row(connection: &Connection, id: OrderId) -> rusqlite::Result<Option<OrderSnapshot>> {
    first(connection, sql!("order_snapshot_by_row"), [id.0], read_snapshot)
}

fn list(
    connection: &Connection,
    owner: &UserId,
    filter: &OrderFilter,
    page: Page,
) -> Result<PageOf<Order>, StoreError> {
    let empty = PageOf { offset: page.offset, size: page.size, total: 0, items: Vec::new() };
    let Some(customer) = find_customer(connection, owner)? else { return Ok(empty) };
    let (from, to, status) = bounds(filter);
    let total =
        only(connection, sql!("order_count"), (customer, from, to, status), |row| row.get(0))?;
    let values = (customer, from, to, status, page.size, page.offset);
    let items = whole(connection, owner, sql!("order_page"), values)?;
    Ok(PageOf { total, items, ..empty })
}

/// The filter's bounds, wide where it has none.
fn bounds(filter: &OrderFilter) -> (i64, i64, Option<&'static str>) {
    let from = filter.from.map_or(i64::MIN, |instant| instant.micros);
    let to = filter.to.map_or(i64::MAX, |instant| instant.micros);
    (from, to, filter.status.map(OrderStatus::word))
}

/// The orders that a statement selects, with their lines.
fn whole(
    connection: &Connection,
    owner: &UserId,
    sql: &str,
    values: impl Params,
) -> rusqlite::Result<Vec<Order>> {
    let mut orders = all(connection, sql, values, |row| read_order(row, owner))?;
    for order in &mut orders {
        order.lines = lines(connection, order.id)?;
    }
    Ok(orders)
}

fn remove(
    connection: &Connection,
    now: Timestamp,
    owner: &UserId,
    id: OrderId,
    event_id: EventId,
    handover: Duration,
) -> Result<Removed, StoreError> {
    let Some(order) = by_row(connection, id)? else { return Ok(Removed::NotFound) };
    if order.user != *owner {
        let known = find_customer(connection, owner)?.is_some();
        return Ok(if known { Removed::NotOwner } else { Removed::NotFound });
    }
    if Transition::cancelled().judge(order.status) != Verdict::Apply {
        return Ok(Removed::Finished(order.status));
    }
    let change = Change {
        to: OrderStatus::Cancelled,
        reason: Some("deleted by its owner"),
        event_id,
        trace_parent: None,
        handover,
    };
    let (cancelled, entry) = change_status(connection, now, order, &change)?;
    execute(connection, sql!("order_hide"), (id.0, now.micros))?;
    Ok(Removed::Cancelled(cancelled, entry))
}
