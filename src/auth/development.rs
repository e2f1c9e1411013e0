use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::Serialize;

use super::claims::ClaimRules;
use super::key_set::check_signature;
use super::{Principal, TokenError, TokenVerifier};
use crate::domain::{Timestamp, UserId};
use crate::ports::Clock;

/// How long a development token is good for.
const LIFETIME: Duration = Duration::from_secs(120 * 60);

/// The shortest HS256 key, in bytes (RFC 7518, section 3.2).
const SHORTEST_KEY: usize = 32;

/// A signing key that is too short to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key has {length} bytes: HS256 needs at least {SHORTEST_KEY}")]
pub struct WeakKey {
    /// Its length in bytes.
    pub length: usize,
}

/// A token just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// The JWT in compact form.
    pub token: String,
    /// Its `exp`.
    pub expires_at: Timestamp,
}

/// Makes and accepts HS256 tokens under one shared key: the development mode (D10), which
/// production refuses.
pub struct DevelopmentTokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    rules: ClaimRules,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
struct NewClaims<'a> {
    sub: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    roles: &'a [String],
}

impl DevelopmentTokens {
    /// Tokens under `key`, which carry and must carry what `rules` ask for. Errors when the key is
    /// too short.
    pub fn new(key: &[u8], rules: ClaimRules, clock: Arc<dyn Clock>) -> Result<Self, WeakKey> {
        if key.len() < SHORTEST_KEY {
            return Err(WeakKey { length: key.len() });
        }
        Ok(Self {
            signing: EncodingKey::from_secret(key),
            verifying: DecodingKey::from_secret(key),
            rules,
            clock,
        })
    }

    /// A token for `user`, good for 120 minutes.
    pub fn issue(&self, user: &UserId, roles: &[String]) -> IssuedToken {
        self.issue_for(user, roles, LIFETIME)
    }

    /// A token for `user`, good for `lifetime`, in whole seconds.
    pub fn issue_for(&self, user: &UserId, roles: &[String], lifetime: Duration) -> IssuedToken {
        let now = self.clock.now();
        let expires = now.plus(lifetime).micros / 1_000_000;
        let issued = now.micros / 1_000_000;
        let claims = NewClaims {
            sub: user.as_str(),
            iat: issued,
            nbf: issued,
            exp: expires,
            iss: self.rules.issuer.as_deref(),
            aud: self.rules.audience.as_deref(),
            roles,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("texts and numbers serialise, and the key is an HMAC key");
        IssuedToken { token, expires_at: Timestamp::from_micros(expires * 1_000_000) }
    }
}

#[async_trait]
impl TokenVerifier for DevelopmentTokens {
    async fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        let claims = check_signature(token, &self.verifying, Algorithm::HS256)?;
        self.rules.judge(&claims, None, self.clock.now())
    }
}
