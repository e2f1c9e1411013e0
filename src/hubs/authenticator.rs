use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;

use crate::auth::{TokenError, TokenVerifier};
use crate::signalr::{AccessDenied, Authenticated, ConnectionAuthenticator};

/// Lets the hub's clients in with the API's tokens. The user is the token's `sub` (S2-K-2).
pub struct HubAuthenticator(pub Arc<dyn TokenVerifier>);

#[async_trait]
impl ConnectionAuthenticator for HubAuthenticator {
    async fn authenticate(&self, token: Option<&str>) -> Result<Authenticated, AccessDenied> {
        let principal = match self.0.verify(token.ok_or(AccessDenied::Unauthorized)?).await {
            Ok(principal) => principal,
            Err(TokenError::Refused(_)) => return Err(AccessDenied::Unauthorized),
            Err(TokenError::NoSubject) => return Err(AccessDenied::Forbidden),
            Err(TokenError::KeysUnavailable { .. }) => return Err(AccessDenied::Unavailable),
        };
        let expires_at = UNIX_EPOCH
            + Duration::from_micros(u64::try_from(principal.expires_at.micros).unwrap_or(0));
        Ok(Authenticated {
            user_id: principal.user.as_str().to_owned(),
            expires_at: Some(expires_at),
        })
    }
}
