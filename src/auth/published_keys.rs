use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use moka::future::Cache;
use sha2::{Digest, Sha256};

use super::key_cache::KeyCache;
use super::{ClaimRules, Principal, Refusal, TokenError, TokenVerifier};
use crate::ports::Clock;

/// Tokens remembered at most.
const REMEMBERED_TOKENS: u64 = 10_000;
/// How long a token is remembered at most; its own `exp` and a change of the key set end it
/// earlier.
const REMEMBERED_FOR: Duration = Duration::from_secs(300);

/// Accepts RS256 and ES256 tokens whose key the identity provider publishes: the production mode
///
///
/// An RSA check costs some hundred microseconds, a request's whole budget. So an accepted token is
/// remembered by its SHA-256 digest, for as long as it has not expired and the published keys are
/// the ones it was checked with.
pub struct PublishedKeysVerifier {
    keys: Arc<KeyCache>,
    rules: ClaimRules,
    clock: Arc<dyn Clock>,
    accepted: Cache<[u8; 32], Accepted>,
}

#[derive(Clone)]
struct Accepted {
    generation: u64,
    principal: Principal,
}

impl PublishedKeysVerifier {
    /// A verifier over `keys`. Somebody should run [`KeyCache::keep_fresh`] beside it.
    pub fn new(keys: Arc<KeyCache>, rules: ClaimRules, clock: Arc<dyn Clock>) -> Self {
        let accepted =
            Cache::builder().max_capacity(REMEMBERED_TOKENS).time_to_live(REMEMBERED_FOR).build();
        Self { keys, rules, clock, accepted }
    }

    async fn remembered(&self, digest: &[u8; 32]) -> Option<Principal> {
        let accepted = self.accepted.get(digest).await?;
        let same_keys =
            self.keys.known().is_some_and(|known| known.generation == accepted.generation);
        (same_keys && self.clock.now() < accepted.principal.expires_at)
            .then_some(accepted.principal)
    }
}

#[async_trait]
impl TokenVerifier for PublishedKeysVerifier {
    async fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(principal) = self.remembered(&digest).await {
            return Ok(principal);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Malformed)?;
        let known = self.keys.for_header(&header).await?;
        let key = known.set.find(&header).ok_or(Refusal::UnknownKey)?;
        let principal =
            self.rules.judge(&key.check(token)?, known.issuer.as_deref(), self.clock.now())?;
        self.accepted
            .insert(digest, Accepted { generation: known.generation, principal: principal.clone() })
            .await;
        Ok(principal)
    }
}
