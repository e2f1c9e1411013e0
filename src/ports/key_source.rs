use async_trait::async_trait;

use super::StoreError;

/// What the identity provider publishes about its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedKeys {
    /// The JWK Set document (RFC 7517, section 5).
    pub jwks: String,
    /// What it calls itself in `iss`, if it says so.
    pub issuer: Option<String>,
}

/// Where the identity provider publishes the keys its tokens are signed with.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// Fetches the keys as they are now, bounded in time and size.
    async fn fetch(&self) -> Result<PublishedKeys, StoreError>;
}
