use std::time::Duration;

use async_trait::async_trait;
use moka::future::Cache;
use moka::ops::compute::Op;

use crate::domain::{CorrelationId, OrderId, OrderSnapshot, OrderStatus, UserId};
use crate::ports::{StatusCopy, StoreError};

/// Orders kept at a time; beyond that the least used ones go, which costs a read from SQL.
const CAPACITY: u64 = 100_000;

type Entry = (UserId, OrderId, OrderStatus);

/// Owner, row number and status of orders in this process.
pub struct MemoryStatusCopy {
    orders: Cache<CorrelationId, Entry>,
}

impl MemoryStatusCopy {
    /// Entries live for `ttl` after they were last written or touched.
    pub fn new(ttl: Duration) -> Self {
        Self { orders: Cache::builder().max_capacity(CAPACITY).time_to_live(ttl).build() }
    }
}

#[async_trait]
impl StatusCopy for MemoryStatusCopy {
    async fn write(&self, snapshot: &OrderSnapshot) -> Result<(), StoreError> {
        self.orders
            .entry(snapshot.correlation_id)
            .and_upsert_with(async |entry| {
                let status = match entry.map(|entry| entry.into_value().2) {
                    Some(current) if current.rank() >= snapshot.status.rank() => current,
                    _ => snapshot.status,
                };
                (snapshot.user.clone(), snapshot.order_id, status)
            })
            .await;
        Ok(())
    }

    async fn owner(&self, correlation_id: CorrelationId) -> Result<Option<UserId>, StoreError> {
        Ok(self.orders.get(&correlation_id).await.map(|(owner, ..)| owner))
    }

    async fn read(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<(UserId, OrderId, OrderStatus)>, StoreError> {
        Ok(self.orders.get(&correlation_id).await)
    }

    async fn touch(&self, correlation_id: CorrelationId) -> Result<(), StoreError> {
        self.orders
            .entry(correlation_id)
            // Writing the value again is what renews its time to live.
            .and_compute_with(async |entry| {
                entry.map_or(Op::Nop, |entry| Op::Put(entry.into_value()))
            })
            .await;
        Ok(())
    }
}
