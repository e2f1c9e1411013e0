use async_trait::async_trait;
use bytes::Bytes;

use super::StoreError;
use crate::domain::UserId;

/// What a user's pages remember: cart and preferences, readable on every pod (S1-Flow-2b, V-17).
/// Kept for 24 h after the last use.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The user's session; `None` when there is none any more.
    async fn find(&self, user: &UserId) -> Result<Option<Bytes>, StoreError>;

    /// Replaces the user's session. A fault when it is larger than 64 KiB.
    async fn save(&self, user: &UserId, session: Bytes) -> Result<(), StoreError>;
}

/// Bytes a session may have.
pub const MAX_SESSION: usize = 64 * 1024;
