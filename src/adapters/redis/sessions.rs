use async_trait::async_trait;
use bytes::Bytes;
use fred::clients::Client;
use fred::interfaces::KeysInterface;
use fred::types::Expiration;

use super::error::store_error;
use super::keys;
use crate::domain::UserId;
use crate::ports::{MAX_SESSION, Sessions, StoreError};

/// 24 h, renewed by every use.
const LIFE_SECONDS: i64 = 24 * 60 * 60;

/// Sessions that all pods share.
pub struct RedisSessions {
    client: Client,
}

impl RedisSessions {
    /// Works through `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Sessions for RedisSessions {
    async fn find(&self, user: &UserId) -> Result<Option<Bytes>, StoreError> {
        let key = keys::session(user);
        let (found, renewed) = tokio::join!(
            self.client.get(&key),
            self.client.expire::<(), _>(&key, LIFE_SECONDS, None)
        );
        renewed.and(found).map_err(store_error)
    }

    async fn save(&self, user: &UserId, session: Bytes) -> Result<(), StoreError> {
        if session.len() > MAX_SESSION {
            return Err(StoreError::fault("a session is larger than 64 KiB"));
        }
        let life = Some(Expiration::EX(LIFE_SECONDS));
        self.client.set(keys::session(user), session, life, None, false).await.map_err(store_error)
    }
}
