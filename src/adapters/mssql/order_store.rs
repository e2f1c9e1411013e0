use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use uuid::Uuid;

use super::database::MssqlDatabase;
use super::job_rows::micros;
use super::order_rows::{committed, digest, orders, sku, snapshot};
use super::row::{Answer, Cells, odd};
use super::unit;
use crate::domain::{
    CorrelationId, EventId, JobId, Order, OrderCursor, OrderId, OrderSnapshot, OrderStatus,
    OrderVersion, Page, PageOf, Timestamp, UserId,
};
use crate::ports::{
    AdvanceOrder, Advanced, NewOrder, OrderFilter, OrderStore, Placed, Removed, RequeueOrder,
    RequeuedOrder, Shortage, StoreError, StuckOrder,
};

pub(super) struct MssqlOrderStore {
    database: Arc<MssqlDatabase>,
}

impl MssqlOrderStore {
    pub(super) fn new(database: Arc<MssqlDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl OrderStore for MssqlOrderStore {
    async fn place(&self, order: NewOrder) -> Result<Placed, StoreError> {
        let lines: Vec<_> = order
            .draft
            .lines()
            .iter()
            .map(|l| json!({"s": l.product.as_str(), "q": l.quantity}))
            .collect();
        let key = order.idempotency.as_ref().map(|i| i.key.as_str());
        let fingerprint = order.idempotency.as_ref().map(|i| i.fingerprint.as_slice());
        let job = &order.job;
        let answer = self
            .database
            .run(
                &unit::PLACE_ORDER,
                &[
                    &order.correlation_id.as_uuid(),
                    &digest(&order.user),
                    &order.user.as_str(),
                    &json!(lines).to_string(),
                    &key,
                    &fingerprint,
                    &job.queue.as_str(),
                    &job.kind,
                    &job.args,
                    &micros(job.delay),
                    &i32::try_from(job.max_attempts).unwrap_or(i32::MAX).max(1),
                    &job.unique_key,
                    &job.trace_parent,
                    &order.event_id.0,
                    &micros(self.database.handover()),
                ],
            )
            .await?;
        read_placed(&answer, &order)
    }

    async fn advance(&self, step: AdvanceOrder) -> Result<Advanced, StoreError> {
        let from: Vec<_> = step.transition.from().iter().map(|status| status.word()).collect();
        let answer = self
            .database
            .run(
                &unit::ADVANCE_ORDER,
                &[
                    &step.correlation_id.as_uuid(),
                    &step.transition.to().word(),
                    &json!(from).to_string(),
                    &step.reason,
                    &step.lease.map(|lease| lease.job.0),
                    &step.lease.map(|lease| lease.fence),
                    &step.event_id.0,
                    &step.trace_parent,
                    &micros(self.database.handover()),
                    &step.failed_job.map(|job| job.0),
                ],
            )
            .await?;
        let at = || answer.row(0).and_then(snapshot);
        Ok(match outcome(&answer)? {
            "applied" => {
                let order = at()?;
                let entry = committed(answer.row(0)?, &order, step.event_id, step.trace_parent)?;
                Advanced::Applied(order, entry)
            }
            "already" => Advanced::Already(at()?),
            "refused" => Advanced::Refused(at()?),
            "shortage" => Advanced::Shortage(sku(answer.row(0)?)?),
            "price_mismatch" => Advanced::PriceMismatch,
            "lease_lost" => Advanced::LeaseLost,
            "not_found" => Advanced::NotFound,
            _ => return Err(odd("Outcome")),
        })
    }

    async fn requeue(&self, order: RequeueOrder) -> Result<RequeuedOrder, StoreError> {
        let RequeueOrder { correlation_id, job, event_id } = order;
        let handover = micros(self.database.handover());
        let answer = self
            .database
            .run(&unit::REQUEUE_ORDER, &[&correlation_id.as_uuid(), &job.0, &event_id.0, &handover])
            .await?;
        Ok(match outcome(&answer)? {
            "requeued" => {
                let order = snapshot(answer.row(1)?)?;
                let entry = committed(answer.row(0)?, &order, event_id, None)?;
                RequeuedOrder::Done(order, entry)
            }
            "not_failed" => RequeuedOrder::NotFailed(snapshot(answer.row(1)?)?.status),
            "shortage" => RequeuedOrder::Shortage(sku(answer.row(0)?)?),
            "job_not_failed" => RequeuedOrder::JobNotFailed,
            "not_found" => RequeuedOrder::NotFound,
            _ => return Err(odd("Outcome")),
        })
    }

    async fn find(&self, owner: &UserId, id: OrderId) -> Result<Option<Order>, StoreError> {
        let answer = self.database.run(&unit::FIND_ORDER, &[&digest(owner), &id.0]).await?;
        Ok(orders(&answer, 0)?.pop())
    }

    async fn list(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        page: Page,
    ) -> Result<PageOf<Order>, StoreError> {
        let bound = |instant: Option<Timestamp>| instant.map(|instant| instant.micros);
        let answer = self
            .database
            .run(
                &unit::LIST_ORDERS,
                &[
                    &digest(owner),
                    &filter.status.map(OrderStatus::word),
                    &bound(filter.from),
                    &bound(filter.to),
                    &i64::from(page.offset),
                    &i64::from(page.size),
                ],
            )
            .await?;
        let total = answer.row(0)?.count("Total")?;
        Ok(PageOf { offset: page.offset, size: page.size, total, items: orders(&answer, 1)? })
    }

    async fn list_after(
        &self,
        owner: &UserId,
        filter: &OrderFilter,
        after: OrderCursor,
        size: u32,
    ) -> Result<Vec<Order>, StoreError> {
        let bound = |instant: Option<Timestamp>| instant.map(|instant| instant.micros);
        let answer = self
            .database
            .run(
                &unit::LIST_ORDERS_AFTER,
                &[
                    &digest(owner),
                    &filter.status.map(OrderStatus::word),
                    &bound(filter.from),
                    &bound(filter.to),
                    &after.created_at.micros,
                    &after.id.0,
                    &i64::from(size),
                ],
            )
            .await?;
        orders(&answer, 0)
    }

    async fn snapshot(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<OrderSnapshot>, StoreError> {
        self.database.run(&unit::SNAPSHOT, &[&correlation_id.as_uuid()]).await?.first(0, snapshot)
    }

    async fn snapshot_by_id(
        &self,
        owner: &UserId,
        id: OrderId,
    ) -> Result<Option<OrderSnapshot>, StoreError> {
        self.database.run(&unit::SNAPSHOT_BY_ID, &[&digest(owner), &id.0]).await?.first(0, snapshot)
    }

    async fn remove(
        &self,
        owner: &UserId,
        id: OrderId,
        event_id: EventId,
    ) -> Result<Removed, StoreError> {
        let handover = micros(self.database.handover());
        let answer = self
            .database
            .run(&unit::REMOVE_ORDER, &[&digest(owner), &id.0, &event_id.0, &handover])
            .await?;
        Ok(match outcome(&answer)? {
            "cancelled" => {
                let order = snapshot(answer.row(1)?)?;
                let entry = committed(answer.row(0)?, &order, event_id, None)?;
                Removed::Cancelled(order, entry)
            }
            "finished" => Removed::Finished(snapshot(answer.row(1)?)?.status),
            "not_owner" => Removed::NotOwner,
            "not_found" => Removed::NotFound,
            _ => return Err(odd("Outcome")),
        })
    }

    async fn forget_idempotency(&self, limit: usize) -> Result<u64, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.database.run(&unit::FORGET_IDEMPOTENCY, &[&limit]).await?.row(0)?.count("Affected")
    }

    async fn stuck(&self, quiet: Duration, limit: usize) -> Result<Vec<StuckOrder>, StoreError> {
        let quiet = i64::try_from(quiet.as_micros()).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let answer = self.database.run(&unit::STUCK_ORDERS, &[&quiet, &limit]).await?;
        answer.read(0, |row| {
            let correlation_id = row.cell::<Uuid>("CorrelationId")?.into();
            Ok(StuckOrder { correlation_id, job: JobId(row.cell("JobId")?) })
        })
    }
}

fn outcome(answer: &Answer) -> Result<&str, StoreError> {
    answer.row(0)?.cell("Outcome")
}

fn read_placed(answer: &Answer, new: &NewOrder) -> Result<Placed, StoreError> {
    let order = || orders(answer, 0)?.pop().ok_or_else(|| odd("Id"));
    // As it was accepted, whatever became of it since.
    let accepted = |order: Order| Order {
        status: OrderStatus::Accepted,
        version: OrderVersion::FIRST,
        updated_at: order.created_at,
        ..order
    };
    Ok(match outcome(answer)? {
        "created" => {
            let order = accepted(order()?);
            let trace_parent = new.job.trace_parent.clone();
            let entry = committed(answer.row(0)?, &order.snapshot(), new.event_id, trace_parent)?;
            Placed::Created(order, entry)
        }
        "replayed" => Placed::Replayed(accepted(order()?)),
        "key_reused" => Placed::KeyReused,
        "unknown_products" => Placed::UnknownProducts(answer.read(2, sku)?),
        "out_of_stock" => Placed::OutOfStock(answer.read(2, |row| {
            let left = u32::try_from(row.cell::<i32>("Stock")?).map_err(|_| odd("Stock"))?;
            Ok(Shortage { product: sku(row)?, left })
        })?),
        _ => return Err(odd("Outcome")),
    })
}
