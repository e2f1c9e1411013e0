use std::time::Duration;

use async_trait::async_trait;
use fred::error::Error;
use fred::interfaces::KeysInterface;
use fred::types::{Expiration, Value};

use super::GuardedClient;
use super::keys;
use super::script::SlotScript;
use crate::domain::{CorrelationId, OrderId, OrderSnapshot, OrderStatus, OrderVersion, UserId};
use crate::ports::{CopiedStatus, StatusCopy, StoreError};

/// Owner, row number and status of orders, one key each (D9), written and read in one
/// pipelined round trip.
pub struct RedisStatusCopy {
    redis: GuardedClient,
    ttl_ms: i64,
    advance: SlotScript,
}

impl RedisStatusCopy {
    /// Keys live for `ttl` after they were last written or touched.
    pub fn new(redis: GuardedClient, ttl: Duration) -> Self {
        let ttl_ms = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX).max(1);
        Self { redis, ttl_ms, advance: SlotScript::new(include_str!("lua/advance_status.lua")) }
    }

    async fn try_write(&self, snapshot: &OrderSnapshot) -> Result<(), Error> {
        let id = snapshot.correlation_id;
        let ttl = Some(Expiration::PX(self.ttl_ms));
        let status = snapshot.status;
        let args: Vec<Value> = vec![
            status.word().into(),
            i64::from(snapshot.version.number()).into(),
            self.ttl_ms.into(),
        ];
        let status_key = keys::order_status(id);
        // Sent together and in this order: whoever sees the status shall find the owner.
        let (owner, order_id, status) = tokio::join!(
            self.redis.client.set::<(), _, _>(
                keys::order_map(id),
                snapshot.user.as_str(),
                ttl.clone(),
                None,
                false
            ),
            self.redis.client.set::<(), _, _>(
                keys::order_id(id),
                snapshot.order_id.0,
                ttl,
                None,
                false
            ),
            self.advance.call::<()>(
                &self.redis.client,
                vec![status_key, keys::status_version(id)],
                args
            ),
        );
        owner.and(order_id).and(status)
    }

    async fn try_read(
        &self,
        id: CorrelationId,
    ) -> Result<(Option<String>, Option<i64>, Option<String>, Option<u32>), Error> {
        let pipeline = self.redis.client.pipeline();
        let () = pipeline.get(keys::order_map(id)).await?;
        let () = pipeline.get(keys::order_id(id)).await?;
        let () = pipeline.get(keys::order_status(id)).await?;
        let () = pipeline.get(keys::status_version(id)).await?;
        pipeline.all().await
    }

    async fn try_touch(&self, id: CorrelationId) -> Result<(), Error> {
        let pipeline = self.redis.client.pipeline();
        for key in [
            keys::order_map(id),
            keys::order_id(id),
            keys::order_status(id),
            keys::status_version(id),
        ] {
            let () = pipeline.pexpire(key, self.ttl_ms, None).await?;
        }
        let _: Vec<i64> = pipeline.all().await?;
        Ok(())
    }
}

#[async_trait]
impl StatusCopy for RedisStatusCopy {
    async fn write(&self, snapshot: &OrderSnapshot) -> Result<(), StoreError> {
        self.redis.run(self.try_write(snapshot)).await
    }

    async fn owner(&self, correlation_id: CorrelationId) -> Result<Option<UserId>, StoreError> {
        let owner: Option<String> =
            self.redis.run(self.redis.client.get(keys::order_map(correlation_id))).await?;
        Ok(owner.map(UserId::new))
    }

    async fn read(
        &self,
        correlation_id: CorrelationId,
    ) -> Result<Option<CopiedStatus>, StoreError> {
        let (owner, order_id, word, version) =
            self.redis.run(self.try_read(correlation_id)).await?;
        let status = word.as_deref().and_then(OrderStatus::from_word);
        Ok(owner.zip(order_id).zip(status).map(|((user, order_id), status)| CopiedStatus {
            user: UserId::new(user),
            order_id: OrderId(order_id),
            status,
            version: version.map_or_else(|| OrderVersion::usual(status), OrderVersion::new),
        }))
    }

    async fn touch(&self, correlation_id: CorrelationId) -> Result<(), StoreError> {
        self.redis.run(self.try_touch(correlation_id)).await
    }
}
