use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::adapters::jwks_http::{HttpKeySource, JwksLocation};
use crate::auth::{
    ClaimRules, DevelopmentTokens, KeyCache, KeyCachePace, PublishedKeysVerifier, TokenVerifier,
};
use crate::config::{DevelopmentJwt, JwtSettings, ProductionJwt};
use crate::ports::SystemClock;

/// Who callers are, and in development mode the maker of their tokens.
pub(super) struct Identity {
    pub(super) verifier: Arc<dyn TokenVerifier>,
    pub(super) development: Option<Arc<DevelopmentTokens>>,
    keys: Option<Arc<KeyCache>>,
}

impl Identity {
    pub(super) fn new(settings: &JwtSettings) -> Result<Self, StartError> {
        match settings {
            JwtSettings::Development(settings) => {
                let tokens = Arc::new(development_tokens(settings)?);
                Ok(Self { verifier: tokens.clone(), development: Some(tokens), keys: None })
            }
            JwtSettings::Production(settings) => {
                let source = HttpKeySource::new(&location(settings), settings.https_only)
                    .map_err(|error| StartError::new("Jwt", error))?;
                let keys = Arc::new(KeyCache::new(Arc::new(source), KeyCachePace::default()));
                let rules = ClaimRules {
                    issuer: settings.issuer.clone(),
                    audience: Some(settings.audience.clone()),
                };
                let verifier =
                    PublishedKeysVerifier::new(keys.clone(), rules, Arc::new(SystemClock));
                Ok(Self { verifier: Arc::new(verifier), development: None, keys: Some(keys) })
            }
        }
    }

    /// Renews published keys until `stop`.
    pub(super) async fn keep_fresh(keys: Option<Arc<KeyCache>>, stop: CancellationToken) {
        match keys {
            Some(keys) => keys.keep_fresh(stop).await,
            None => stop.cancelled().await,
        }
    }

    pub(super) fn keys(&self) -> Option<Arc<KeyCache>> {
        self.keys.clone()
    }
}

/// The maker of development tokens.
pub(super) fn development_tokens(
    settings: &DevelopmentJwt,
) -> Result<DevelopmentTokens, StartError> {
    let rules = ClaimRules {
        issuer: Some(settings.issuer.clone()),
        audience: Some(settings.audience.clone()),
    };
    let key = settings.signing_key.expose().as_bytes();
    DevelopmentTokens::new(key, rules, Arc::new(SystemClock))
        .map_err(|error| StartError::new("Jwt__SigningKey", error))
}

fn location(settings: &ProductionJwt) -> JwksLocation {
    match (&settings.jwks_url, &settings.authority) {
        (Some(url), _) => JwksLocation::Jwks(url.clone()),
        (None, Some(authority)) => JwksLocation::Authority(authority.clone()),
        (None, None) => JwksLocation::Jwks(String::new()),
    }
}
