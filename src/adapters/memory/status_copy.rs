use std::time::Duration;

use async_trait::async_trait;
use moka::future::Cache;
use moka::ops::compute::Op;

use crate::domain::{CorrelationId, OrderSnapshot, UserId};
use crate::ports::{CopiedStatus, StatusCopy, StoreError};

/// Orders kept at a time; beyond that the least used ones go, which costs a read from SQL.
const CAPACITY: u64 = 100_000;

/// Owner, row number and status of orders in this process.
pub struct MemoryStatusCopy {
    orders: Cache<CorrelationId, CopiedStatus>,
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
            .and_upsert_with(async |entry| match entry.map(|entry| entry.into_value()) {
                Some(current) if current.version >= snapshot.version => current,
                _ => snapshot.into(),
            })
            .await;
        Ok(())
    }

    async fn owner(&self, correlation_id: CorrelationId) -> Result<Option<UserId>, StoreError> {
        Ok(self.orders.get(&correlation_id).await.map(|order| order.user))
    }

    async fn read(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<CopiedStatus>, StoreError> {
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
