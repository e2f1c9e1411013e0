use async_trait::async_trait;

use super::StoreError;

/// Where the identity provider publishes the keys its tokens are signed with.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// Fetches the JWK Set document (RFC 7517, section 5) as it is now, bounded in time and size.
    async fn fetch(&self) -> Result<String, StoreError>;
}
