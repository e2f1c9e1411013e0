//! How often keys are fetched.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use contoso_shop::auth::{
    ClaimRules, KeyCache, KeyCachePace, PublishedKeysVerifier, Refusal, TokenError, TokenVerifier,
};
use contoso_shop::ports::{KeySource, PublishedKeys, StoreError, SystemClock};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::key_pair::{P256, set};
use crate::support::wait::until;

/// A source in memory.
struct Source {
    set: Mutex<Option<String>>,
    fetches: AtomicUsize,
}

impl Source {
    fn publish(&self, document: Option<String>) {
        *self.set.lock().expect("not poisoned") = document;
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl KeySource for Source {
    async fn fetch(&self) -> Result<PublishedKeys, StoreError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let jwks = self
            .set
            .lock()
            .expect("not poisoned")
            .clone()
            .ok_or_else(|| StoreError::unavailable("out"))?;
        Ok(PublishedKeys { jwks, issuer: None })
    }
}

/// So long that no test sees its end.
const NEVER: Duration = Duration::from_secs(3600);
/// So short that tests wait for its end.
const SOON: Duration = Duration::from_millis(50);

fn rig(
    document: Option<String>,
    pause: Duration,
) -> (Arc<Source>, Arc<KeyCache>, PublishedKeysVerifier) {
    let source = Arc::new(Source { set: Mutex::new(document), fetches: AtomicUsize::new(0) });
    let keys = Arc::new(KeyCache::new(
        source.clone(),
        KeyCachePace { refetch: pause, retry: pause, renew: pause },
    ));
    let verifier =
        PublishedKeysVerifier::new(keys.clone(), ClaimRules::default(), Arc::new(SystemClock));
    (source, keys, verifier)
}

fn ann() -> Value {
    json!({ "sub": "ann", "exp": 4_000_000_000_u64 })
}

#[tokio::test]
async fn many_first_callers_share_one_fetch() {
    let (source, _, verifier) = rig(Some(set(&[P256.published(Some("a"))])), NEVER);
    let token = P256.sign(Some("a"), &ann());
    for outcome in join_all((0..20).map(|_| verifier.verify(&token))).await {
        assert_eq!(outcome.expect("accepted").user.as_str(), "ann");
    }
    assert_eq!(source.fetches(), 1);
}

#[tokio::test]
async fn unknown_keys_are_asked_for_once_per_interval() {
    for (pause, wanted) in [(NEVER, 1), (SOON, 3)] {
        let (source, _, verifier) = rig(Some(set(&[P256.published(Some("a"))])), pause);
        verifier.verify(&P256.sign(Some("a"), &ann())).await.expect("accepted");
        let forged: Vec<_> =
            (0..10).map(|n| P256.sign(Some(&format!("forged-{n}")), &ann())).collect();
        until("the interval's end", Duration::from_secs(10), async || {
            for token in &forged {
                assert_eq!(verifier.verify(token).await, Err(Refusal::UnknownKey.into()));
            }
            (source.fetches() >= wanted).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn without_any_set_tokens_are_not_judged_and_fetches_stay_rare() {
    let token = P256.sign(Some("a"), &ann());
    let (source, _, verifier) = rig(None, NEVER);
    for _ in 0..10 {
        assert_eq!(
            verifier.verify(&token).await,
            Err(TokenError::KeysUnavailable { retry_after: NEVER })
        );
    }
    assert_eq!(source.fetches(), 1);

    let (source, _, verifier) = rig(None, SOON);
    assert!(verifier.verify(&token).await.is_err());
    source.publish(Some(set(&[P256.published(Some("a"))])));
    until("the keys", Duration::from_secs(10), async || verifier.verify(&token).await.ok()).await;
}

#[tokio::test]
async fn a_withdrawn_key_stops_working_at_the_next_renewal() {
    let (source, keys, verifier) =
        rig(Some(set(&[P256.published(Some("a")), P256.published(Some("b"))])), SOON);
    let stop = CancellationToken::new();
    let renewing = tokio::spawn({
        let stop = stop.clone();
        async move { keys.keep_fresh(stop).await }
    });
    let token = P256.sign(Some("a"), &ann());
    verifier.verify(&token).await.expect("accepted");
    source.publish(None);
    let before = source.fetches();
    until("failed renewals", Duration::from_secs(10), async || {
        (source.fetches() > before + 2).then_some(())
    })
    .await;
    verifier.verify(&token).await.expect("accepted: the last good set stays");
    source.publish(Some(set(&[P256.published(Some("b"))])));
    let refused = until("the withdrawal", Duration::from_secs(10), async || {
        verifier.verify(&token).await.err()
    })
    .await;
    assert_eq!(refused, Refusal::UnknownKey.into(), "although it was remembered");
    stop.cancel();
    renewing.await.expect("ends");
}
