use async_trait::async_trait;
use bytes::Bytes;
use fred::interfaces::KeysInterface;
use fred::types::Expiration;

use super::GuardedClient;
use super::keys;
use crate::domain::UserId;
use crate::ports::{MAX_SESSION, Sessions, StoreError};

/// 24 h, renewed by every use.
const LIFE_SECONDS: i64 = 24 * 60 * 60;

/// Sessions that all pods share.
pub struct RedisSessions {
    redis: GuardedClient,
}

impl RedisSessions {
    /// Works through `redis`.
    pub fn new(redis: GuardedClient) -> Self {
        Self { redis }
    }
}

#[async_trait]
impl Sessions for RedisSessions {
    async fn find(&self, user: &UserId) -> Result<Option<Bytes>, StoreError> {
        let key = keys::session(user);
        let client = &self.redis.client;
        let both = async {
            let (found, renewed) =
                tokio::join!(client.get(&key), client.expire::<(), _>(&key, LIFE_SECONDS, None));
            renewed.and(found)
        };
        self.redis.run(both).await
    }

    async fn save(&self, user: &UserId, session: Bytes) -> Result<(), StoreError> {
        if session.len() > MAX_SESSION {
            return Err(StoreError::fault("a session is larger than 64 KiB"));
        }
        let life = Some(Expiration::EX(LIFE_SECONDS));
        let saved = self.redis.client.set(keys::session(user), session, life, None, false);
        self.redis.run(saved).await
    }
}
