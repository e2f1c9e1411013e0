use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use contoso_shop::adapters::TieredCache;
use contoso_shop::adapters::redis::{RedisSharedCache, Subscriptions};
use contoso_shop::ports::{Cache, CacheArea, CacheKey, Cached, StoreError};
use tokio::sync::Notify;

use crate::support::fault_proxy::FaultProxy;
use crate::support::redis::{client, guarded, subscriptions};
use crate::support::redis_server::RedisServer;
use crate::support::tasks::tasks;
use crate::support::wait::until;

const SOON: Duration = Duration::from_secs(10);

fn key(id: &str) -> CacheKey {
    CacheKey { area: CacheArea::Catalogue, id: id.to_owned() }
}

/// The system of record: one number, which counts how often it was asked for.
#[derive(Default)]
struct Truth {
    value: AtomicU32,
    loads: AtomicU32,
}

impl Truth {
    async fn load(&self) -> Result<Bytes, StoreError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let value = self.value.load(Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok(Bytes::from(value.to_string()))
    }

    async fn read(&self, cache: &dyn Cache, id: &str) -> String {
        let cached = cache.get_or_load(&key(id), Box::pin(self.load())).await.expect("a value");
        assert!(!cached.stale);
        String::from_utf8(cached.value.to_vec()).expect("text")
    }

    async fn set(&self, cache: &dyn Cache, value: u32) {
        self.value.store(value, Ordering::SeqCst);
        cache.invalidate(CacheArea::Catalogue).await;
    }

    fn loads(&self) -> u32 {
        self.loads.swap(0, Ordering::SeqCst)
    }
}

async fn a_value_is_loaded_once_until_it_is_invalidated(cache: &dyn Cache) {
    let truth = Truth::default();
    for _ in 0..5 {
        assert_eq!(truth.read(cache, "a").await, "0");
    }
    assert_eq!(truth.loads(), 1);
    truth.set(cache, 1).await;
    assert_eq!(truth.read(cache, "a").await, "1");
    assert_eq!(truth.read(cache, "b").await, "1");
    cache.invalidate(CacheArea::Reports).await;
    assert_eq!(truth.read(cache, "a").await, "1");
    assert_eq!(truth.loads(), 2, "another area does not matter");
}

async fn callers_at_the_same_time_share_one_load(cache: &dyn Cache) {
    let truth = Truth::default();
    futures_util::future::join_all((0..100).map(|_| truth.read(cache, "a"))).await;
    assert_eq!(truth.loads(), 1);
}

async fn a_load_that_began_before_an_invalidation_does_not_bring_the_old_value_back(
    cache: &dyn Cache,
) {
    let (begun, go_on) = (Notify::new(), Notify::new());
    let name = key("a");
    let slow = cache.get_or_load(
        &name,
        Box::pin(async {
            begun.notify_one();
            go_on.notified().await;
            Ok(Bytes::from_static(b"old"))
        }),
    );
    let truth = Truth::default();
    let change = async {
        begun.notified().await;
        truth.set(cache, 7).await;
        go_on.notify_one();
    };
    let _ = tokio::join!(slow, change);
    assert_eq!(truth.read(cache, "a").await, "7");
}

async fn an_old_value_stands_in_when_the_truth_is_out(cache: &dyn Cache) {
    let truth = Truth::default();
    truth.read(cache, "a").await;
    cache.invalidate(CacheArea::Catalogue).await;
    let out = || Box::pin(async { Err(StoreError::unavailable("out")) });
    let stale = cache.get_or_load(&key("a"), out()).await.expect("the old value");
    assert_eq!(stale, Cached { value: Bytes::from_static(b"0"), stale: true });
    assert!(cache.get_or_load(&key("never seen"), out()).await.is_err());
    let fault =
        cache.get_or_load(&key("a"), Box::pin(async { Err(StoreError::fault("wrong")) })).await;
    assert!(fault.is_err(), "a fault is not covered up");
    assert_eq!(truth.read(cache, "a").await, "0", "fresh again");
}

async fn readers_do_not_wait_for_a_truth_that_hangs(cache: &dyn Cache) {
    const READERS: usize = 50;
    let truth = Truth::default();
    truth.read(cache, "a").await;
    cache.invalidate(CacheArea::Catalogue).await;
    for (id, known) in [("a", true), ("never seen", false)] {
        let (begun, go_on, loads) = (Notify::new(), Notify::new(), AtomicU32::new(0));
        let hangs = || {
            Box::pin(async {
                loads.fetch_add(1, Ordering::SeqCst);
                begun.notify_one();
                go_on.notified().await;
                Err(StoreError::unavailable("out"))
            })
        };
        let name = key(id);
        let first = cache.get_or_load(&name, hangs());
        let others = async {
            begun.notified().await;
            let all = (0..READERS).map(|_| cache.get_or_load(&name, hangs()));
            let mut all = std::pin::pin!(futures_util::future::join_all(all));
            if known {
                // The one that loads is let go only when all others have their answer.
                let answers = all.await;
                go_on.notify_one();
                return answers;
            }
            assert!(futures_util::poll!(&mut all).is_pending(), "there is nothing to take yet");
            go_on.notify_one();
            all.await
        };
        let (first, others) = tokio::join!(first, others);
        assert_eq!(loads.load(Ordering::SeqCst), 1, "{id}: one asks");
        let old = Cached { value: Bytes::from_static(b"0"), stale: true };
        for answer in others.into_iter().chain([first]) {
            assert_eq!(answer.ok(), known.then(|| old.clone()), "{id}");
        }
    }
}

struct Pod {
    cache: Arc<TieredCache>,
    subscriptions: Subscriptions,
}

impl Pod {
    async fn start(port: u16) -> Self {
        let subscriptions = subscriptions(port, RedisSharedCache::channels());
        let shared = Arc::new(RedisSharedCache::new(guarded(client(port)), &subscriptions));
        let cache = TieredCache::start(shared, &tasks());
        let pod = Self { cache, subscriptions };
        pod.settle().await;
        pod
    }

    /// Waits until the gap of the first connection has been told and taken in.
    async fn settle(&self) {
        until("the subscription", SOON, || async {
            self.subscriptions.is_complete().then_some(())
        })
        .await;
        until("a value to stay fresh", SOON, || async {
            let truth = Truth::default();
            for _ in 0..2 {
                truth.read(&*self.cache, "probe").await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let local = self.cache.get_or_load(&key("probe"), Box::pin(truth.load())).await;
            (local.is_ok() && truth.loads() <= 1).then_some(())
        })
        .await;
    }
}

macro_rules! suite {
    ($back_end:ident: $make:expr; $($promise:ident),+ $(,)?) => {
        mod $back_end {
            #[allow(unused_imports)]
            use super::*;

            $(#[tokio::test]
            async fn $promise() {
                let (cache, _kept) = $make;
                super::$promise(&*cache).await;
            })+
        }
    };
    ($($back_end:ident: $make:expr;)+) => {
        $(suite!($back_end: $make;
            a_value_is_loaded_once_until_it_is_invalidated,
            callers_at_the_same_time_share_one_load,
            a_load_that_began_before_an_invalidation_does_not_bring_the_old_value_back,
            an_old_value_stands_in_when_the_truth_is_out,
            readers_do_not_wait_for_a_truth_that_hangs,
        );)+
    };
}

suite! {
    local: (Arc::new(TieredCache::local()), ());
    redis: {
        let server = RedisServer::start();
        let pod = Pod::start(server.port).await;
        (pod.cache.clone(), (pod, server))
    };
}

#[tokio::test]
async fn what_one_pod_loaded_serves_the_others_and_a_change_reaches_them_within_a_second() {
    let server = RedisServer::start();
    let (a, b) = tokio::join!(Pod::start(server.port), Pod::start(server.port));
    let truth = Truth::default();
    assert_eq!(truth.read(&*a.cache, "x").await, "0");
    assert_eq!(truth.read(&*b.cache, "x").await, "0");
    assert_eq!(truth.loads(), 1, "b took it from a");
    for value in 1..20 {
        truth.set(&*a.cache, value).await;
        assert_eq!(
            truth.read(&*a.cache, "x").await,
            value.to_string(),
            "a sees its own change at once"
        );
        until("b to see it", Duration::from_secs(1), || async {
            (truth.read(&*b.cache, "x").await == value.to_string()).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_pod_that_missed_an_invalidation_is_fresh_once_it_hears_again() {
    let server = RedisServer::start();
    let proxy = FaultProxy::start(server.port).await;
    let (a, b) = tokio::join!(Pod::start(server.port), Pod::start(proxy.port));
    let truth = Truth::default();
    truth.read(&*b.cache, "x").await;
    proxy.cut();
    until("b to notice", SOON, || async { (!b.subscriptions.is_complete()).then_some(()) }).await;
    truth.set(&*a.cache, 1).await;
    assert_eq!(
        truth.read(&*b.cache, "x").await,
        "0",
        "b cannot know; bounded by the time a value is fresh"
    );
    proxy.heal();
    until("b to drop what it had", SOON, || async {
        (truth.read(&*b.cache, "x").await == "1").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_change_made_while_redis_was_out_reaches_it_later() {
    let server = RedisServer::start();
    let proxy = FaultProxy::start(server.port).await;
    let (a, b) = tokio::join!(Pod::start(server.port), Pod::start(proxy.port));
    let truth = Truth::default();
    truth.read(&*a.cache, "x").await;
    proxy.cut();
    truth.set(&*b.cache, 1).await;
    assert_eq!(truth.read(&*b.cache, "x").await, "1", "b itself is right at once, from the truth");
    proxy.heal();
    until("a to hear of it", SOON, || async {
        (truth.read(&*a.cache, "x").await == "1").then_some(())
    })
    .await;
}
