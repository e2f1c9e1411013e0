use std::fmt::Write as _;
use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::adapters::installation_key;
use crate::adapters::jwks_http::{HttpKeySource, JwksLocation};
use crate::auth::{
    ClaimRules, DevelopmentTokens, KeyCache, KeyCachePace, PublishedKeysVerifier, TokenVerifier,
};
use crate::config::{DevelopmentJwt, JwtSettings, ProductionJwt, Secret, Settings, SigningKey};
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
    let key = signing_key(settings)?;
    DevelopmentTokens::new(key.expose().as_bytes(), rules, Arc::new(SystemClock))
        .map_err(|error| StartError::new("Jwt__SigningKey", error))
}

fn signing_key(settings: &DevelopmentJwt) -> Result<Secret, StartError> {
    match &settings.signing_key {
        SigningKey::Given(key) => Ok(key.clone()),
        SigningKey::OfInstallation(file) => installation_key::read_or_make(file)
            .map(Secret::new)
            .map_err(|error| StartError::new(format!("the signing key {}", file.display()), error)),
    }
}

/// The key of connection tokens. Pods that share a development key need no second one; a process
/// that shares no key is alone and makes one up.
pub(super) fn connection_token_key(settings: &Settings) -> Result<Vec<u8>, StartError> {
    match (&settings.signalr.connection_token_key, &settings.jwt) {
        (Some(key), _) => Ok(key.expose().as_bytes().to_vec()),
        (None, Some(JwtSettings::Development(jwt))) => Ok(derived(&signing_key(jwt)?)),
        (None, _) => Ok(rand::random::<[u8; 32]>().to_vec()),
    }
}

fn derived(key: &Secret) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(b"contoso-shop connection tokens");
    let digest = mac.finalize().into_bytes();
    // In hexadecimal, as the version before wrote it: pods of both share their connections.
    let hex = digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    hex.into_bytes()
}

fn location(settings: &ProductionJwt) -> JwksLocation {
    match (&settings.jwks_url, &settings.authority) {
        (Some(url), _) => JwksLocation::Jwks(url.clone()),
        (None, Some(authority)) => JwksLocation::Authority(authority.clone()),
        (None, None) => JwksLocation::Jwks(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::{connection_token_key, development_tokens};
    use crate::config::{JwtSettings, Settings};

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let owned = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Settings::resolve(owned, None).expect("settings")
    }

    #[test]
    fn an_installation_has_a_key_of_its_own_that_outlives_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let shop = |file: &str| {
            let store = format!("sqlite:{}", folder.path().join(file).display());
            settings(&[("ConnectionStrings__Contoso", &store)])
        };
        let token = |settings: &Settings| {
            let Some(JwtSettings::Development(jwt)) = &settings.jwt else { panic!("production") };
            let tokens = development_tokens(jwt).expect("tokens");
            tokens.issue(&crate::domain::UserId::new("ann"), &[]).token
        };
        let signature = |token: String| token.rsplit_once('.').expect("a JWT").1.to_owned();
        let (first, again, other) = (shop("a.db"), shop("a.db"), shop("b.db"));
        let key = |settings: &Settings| connection_token_key(settings).expect("a key");
        assert_eq!(key(&first), key(&again));
        assert_ne!(key(&first), key(&other));
        assert_ne!(signature(token(&first)), signature(token(&other)));
        assert!(folder.path().join("a.db.signing-key").is_file());
    }

    #[test]
    fn pods_that_share_a_development_key_share_connection_tokens() {
        let pod = |key: &str| {
            let settings = settings(&[("Jwt__Mode", "development"), ("Jwt__SigningKey", key)]);
            connection_token_key(&settings).expect("a key")
        };
        let key = "0123456789abcdef0123456789abcdef";
        assert_eq!(pod(key), pod(key));
        assert_ne!(pod(key), pod("1123456789abcdef0123456789abcdef"));
        assert_ne!(pod(key), key.as_bytes());
    }
}
