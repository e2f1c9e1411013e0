//! Failed orders that are processed again.

use std::time::Duration;

use rusqlite::Connection;

use super::advance::{Change, change_status};
use super::job_store::requeue_job;
use super::orders::snapshot;
use super::stock::{short, stock_lines, take};
use crate::domain::{OrderStatus, Timestamp, Transition, Verdict};
use crate::ports::{RequeueOrder, RequeuedOrder, StoreError};

/// See [`crate::ports::OrderStore::requeue`].
pub(super) fn requeue(
    connection: &Connection,
    now: Timestamp,
    order: &RequeueOrder,
    handover: Duration,
) -> Result<RequeuedOrder, StoreError> {
    let Some(current) = snapshot(connection, order.correlation_id)? else {
        return Ok(RequeuedOrder::NotFound);
    };
    if Transition::requeued().judge(current.status) != Verdict::Apply {
        return Ok(RequeuedOrder::NotFailed(current.status));
    }
    let lines = stock_lines(connection, current.order_id)?;
    if let Some(product) = short(&lines) {
        return Ok(RequeuedOrder::Shortage(product));
    }
    if !requeue_job(connection, now, order.job)? {
        return Ok(RequeuedOrder::JobNotFailed);
    }
    take(connection, now, current.order_id, &lines)?;
    let change = Change {
        to: OrderStatus::Accepted,
        reason: Some("requeued by an operator"),
        event_id: order.event_id,
        trace_parent: None,
        handover,
    };
    let (accepted, entry) = change_status(connection, now, current, &change)?;
    Ok(RequeuedOrder::Done(accepted, entry))
}
