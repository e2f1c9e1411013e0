use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::Header;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::TokenError;
use super::key_set::KeySet;
use crate::ports::{KeySource, PublishedKeys, StoreError};

/// How often keys are fetched.
#[derive(Debug, Clone, Copy)]
pub struct KeyCachePace {
    /// Least time between two fetches that tokens with unknown keys ask for, so that forged ones
    /// cannot flood the provider.
    pub refetch: Duration,
    /// Least time between two fetches while there is no key set at all.
    pub retry: Duration,
    /// How often the set is renewed unasked, which is when a withdrawn key stops working.
    pub renew: Duration,
}

impl Default for KeyCachePace {
    fn default() -> Self {
        Self {
            refetch: Duration::from_secs(30),
            retry: Duration::from_secs(1),
            renew: Duration::from_secs(300),
        }
    }
}

/// A key set, and which one it is: the number changes whenever what is published does.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) set: Arc<KeySet>,
    pub(super) issuer: Option<Arc<str>>,
    pub(super) generation: u64,
}

/// The published keys, fetched when needed and kept through an outage of their publisher.
///
/// One fetch at a time: who needs the same keys waits for it. A set that cannot be fetched or read
/// leaves the last good one.
pub struct KeyCache {
    source: Arc<dyn KeySource>,
    pace: KeyCachePace,
    known: RwLock<Option<Known>>,
    fetching: Mutex<Fetching>,
}

#[derive(Default)]
struct Fetching {
    last_try: Option<Instant>,
    published: Option<PublishedKeys>,
}

impl KeyCache {
    /// An empty cache in front of `source`.
    pub fn new(source: Arc<dyn KeySource>, pace: KeyCachePace) -> Self {
        Self { source, pace, known: RwLock::default(), fetching: Mutex::default() }
    }

    /// Fetches the keys now and then again every [`KeyCachePace::renew`], until `stop`. Failures
    /// are logged and tried again.
    pub async fn keep_fresh(&self, stop: CancellationToken) {
        let renewing = async {
            loop {
                let pause = match self.fetch_after(Duration::ZERO).await {
                    Ok(()) => self.pace.renew,
                    Err(_) => self.pace.refetch.min(self.pace.renew),
                };
                tokio::time::sleep(pause).await;
            }
        };
        stop.run_until_cancelled(renewing).await;
    }

    /// The set that is known now.
    pub(super) fn known(&self) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A set that holds the key of `header` if any published one does, fetching it when that is
    /// due. Errors when there is no set.
    pub(super) async fn for_header(&self, header: &Header) -> Result<Known, TokenError> {
        let least_pause = match self.known() {
            Some(known) if known.set.find(header).is_some() || header.kid.is_none() => {
                return Ok(known);
            }
            Some(_) => self.pace.refetch,
            None => self.pace.retry,
        };
        // A failure has been logged; the last good set, if any, goes on.
        let _ = self.fetch_after(least_pause).await;
        self.known().ok_or(TokenError::KeysUnavailable { retry_after: self.pace.retry })
    }

    /// Fetches the keys unless somebody did less than `least_pause` ago.
    async fn fetch_after(&self, least_pause: Duration) -> Result<(), StoreError> {
        let mut fetching = self.fetching.lock().await;
        if fetching.last_try.is_some_and(|at| at.elapsed() < least_pause) {
            return Ok(());
        }
        // Set before the fetch: a caller that goes away in mid-fetch still counts.
        fetching.last_try = Some(Instant::now());
        let outcome = self.fetch(&mut fetching).await;
        let result = if outcome.is_ok() { "ok" } else { "error" };
        metrics::counter!("contoso_auth_key_fetches_total", "result" => result).increment(1);
        if let Err(error) = &outcome {
            tracing::warn!(%error, "token keys could not be fetched; the last good set stays");
        }
        outcome
    }

    async fn fetch(&self, fetching: &mut Fetching) -> Result<(), StoreError> {
        let published = self.source.fetch().await?;
        if fetching.published.as_ref() == Some(&published) {
            return Ok(());
        }
        let set = KeySet::parse(&published.jwks)
            .ok_or_else(|| StoreError::fault("the JWK Set holds no RS256 or ES256 key"))?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let generation = known.as_ref().map_or(1, |old| old.generation + 1);
        let issuer = published.issuer.as_deref().map(Arc::from);
        *known = Some(Known { set: Arc::new(set), issuer, generation });
        fetching.published = Some(published);
        Ok(())
    }
}
