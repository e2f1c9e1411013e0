//! Status changes of an order.

use std::time::Duration;

use rusqlite::Connection;

use super::orders::snapshot;
use super::outbox::insert_event;
use super::statement::{execute, only};
use super::stock::{adds_up, give_back, short, stock_lines, take, without_taken};
use crate::domain::{EventId, OrderEvent, OrderSnapshot, OrderStatus, Timestamp, Verdict};
use crate::ports::{AdvanceOrder, Advanced, Lease, OutboxEntry, StoreError};

/// See [`crate::ports::OrderStore::advance`].
pub(super) fn advance(
    connection: &Connection,
    now: Timestamp,
    step: &AdvanceOrder,
    handover: Duration,
) -> Result<Advanced, StoreError> {
    let Some(current) = snapshot(connection, step.correlation_id)? else {
        return Ok(Advanced::NotFound);
    };
    if let Some(lease) = step.lease
        && !holds(connection, lease)?
    {
        return Ok(Advanced::LeaseLost);
    }
    if let Some(job) = step.failed_job
        && !only(connection, sql!("job_has_failed"), [job.0], |row| row.get(0))?
    {
        return Ok(Advanced::Refused(current));
    }
    match step.transition.judge(current.status) {
        Verdict::Already => return Ok(Advanced::Already(current)),
        Verdict::Refuse => return Ok(Advanced::Refused(current)),
        Verdict::Apply => {}
    }
    if step.transition.to() == OrderStatus::Completed {
        let lines = stock_lines(connection, current.order_id)?;
        if !adds_up(&lines) {
            return Ok(Advanced::PriceMismatch);
        }
        if let Some(product) = short(without_taken(&lines)) {
            return Ok(Advanced::Shortage(product));
        }
        take(connection, now, current.order_id, without_taken(&lines))?;
    }
    let change = Change {
        to: step.transition.to(),
        reason: step.reason.as_deref(),
        event_id: step.event_id,
        trace_parent: step.trace_parent.as_deref(),
        handover,
    };
    let (order, entry) = change_status(connection, now, current, &change)?;
    Ok(Advanced::Applied(order, entry))
}

/// A legal status change with what is recorded of it.
pub(super) struct Change<'a> {
    pub(super) to: OrderStatus,
    pub(super) reason: Option<&'a str>,
    pub(super) event_id: EventId,
    pub(super) trace_parent: Option<&'a str>,
    pub(super) handover: Duration,
}

/// Sets the status, comparing the current one, and writes history and outbox. An order that fails
/// or is cancelled gives back what it took from stock.
pub(super) fn change_status(
    connection: &Connection,
    now: Timestamp,
    current: OrderSnapshot,
    change: &Change<'_>,
) -> Result<(OrderSnapshot, OutboxEntry), StoreError> {
    let (id, to) = (current.order_id.0, change.to.word());
    let moved =
        execute(connection, sql!("order_advance"), (id, current.status.word(), to, now.micros))?;
    if moved != 1 {
        return Err(StoreError::fault("the order changed under the writer's lock"));
    }
    execute(connection, sql!("order_history_insert"), (id, to, now.micros, change.reason))?;
    if matches!(change.to, OrderStatus::Failed | OrderStatus::Cancelled) {
        give_back(connection, now, current.order_id)?;
    }
    let order = OrderSnapshot {
        status: change.to,
        version: current.version.next(),
        updated_at: now,
        ..current
    };
    let event = OrderEvent {
        event_id: change.event_id,
        correlation_id: order.correlation_id,
        order_id: order.order_id,
        status: order.status,
        version: order.version,
        occurred_at: now,
        trace_parent: change.trace_parent.map(str::to_owned),
    };
    let entry = insert_event(connection, event, change.handover)?;
    Ok((order, entry))
}

fn holds(connection: &Connection, lease: Lease) -> rusqlite::Result<bool> {
    only(connection, sql!("job_lease_holds"), (lease.job.0, lease.fence), |row| row.get(0))
}
