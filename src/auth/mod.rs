//! Who is calling: token verification, key sets, principals.

mod claims;
mod development;
mod error;
mod key_cache;
mod key_set;
mod principal;
mod published_keys;

use async_trait::async_trait;

pub use claims::ClaimRules;
pub use development::{DevelopmentTokens, IssuedToken, WeakKey};
pub use error::{Refusal, TokenError};
pub use key_cache::{KeyCache, KeyCachePace};
pub use principal::{ADMIN_ROLE, Principal, is_legal_subject};
pub use published_keys::PublishedKeysVerifier;

/// Decides whose a bearer token is.
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// Checks the signature and the claims of a JWT (RFC 7519).
    async fn verify(&self, token: &str) -> Result<Principal, TokenError>;
}
