use std::sync::Arc;
use std::time::{Duration, Instant};

use contoso_shop::adapters::FallbackRateLimiter;
use contoso_shop::adapters::memory::MemoryRateLimiter;
use contoso_shop::adapters::redis::RedisRateLimiter;
use contoso_shop::ports::{RateDecision, RateLimit, RateLimiter, SystemClock};
use fred::interfaces::{ClientLike, KeysInterface};

use crate::support::redis::{client, guarded};
use crate::support::redis_server::RedisServer;
use crate::support::wait::until;

const SLOW: RateLimit = RateLimit { permits: 10, per: Duration::from_secs(600) };
const FAST: RateLimit = RateLimit { permits: 5, per: Duration::from_millis(500) };

async fn take(limiter: &dyn RateLimiter, bucket: &str, limit: RateLimit) -> RateDecision {
    limiter.take(bucket, limit).await.expect("take")
}

async fn a_burst_passes_up_to_the_limit_and_is_told_what_is_left(limiter: &dyn RateLimiter) {
    for left in (0..10).rev() {
        let decision = take(limiter, "a", SLOW).await;
        assert!(
            decision.allowed && decision.limit == 10 && decision.remaining == left,
            "{decision:?}"
        );
    }
    let refused = take(limiter, "a", SLOW).await;
    assert!(!refused.allowed && refused.remaining == 0, "{refused:?}");
    assert!(
        refused.retry_after > Duration::from_secs(50)
            && refused.retry_after <= Duration::from_secs(60),
        "{refused:?}"
    );
    assert!(
        refused.reset_after > Duration::from_secs(590)
            && refused.reset_after <= Duration::from_secs(600),
        "{refused:?}"
    );
    assert!(take(limiter, "b", SLOW).await.allowed, "another bucket");
}

async fn permits_come_back_one_by_one(limiter: &dyn RateLimiter) {
    while take(limiter, "a", FAST).await.allowed {}
    let start = Instant::now();
    for _ in 0..3 {
        until("a permit", Duration::from_secs(5), || async {
            take(limiter, "a", FAST).await.allowed.then_some(())
        })
        .await;
    }
    assert!(start.elapsed() >= Duration::from_millis(190), "3 permits in {:?}", start.elapsed());
}

async fn many_at_once_pass_no_more_than_the_limit(limiter: &dyn RateLimiter) {
    let decisions = futures_util::future::join_all((0..50).map(|_| take(limiter, "a", SLOW))).await;
    assert_eq!(decisions.iter().filter(|decision| decision.allowed).count(), 10);
}

macro_rules! suite {
    ($back_end:ident: $make:expr; $($promise:ident),+ $(,)?) => {
        mod $back_end {
            use super::*;

            $(#[tokio::test]
            async fn $promise() {
                let (limiter, _server) = $make;
                super::$promise(&limiter).await;
            })+
        }
    };
    ($($back_end:ident: $make:expr;)+) => {
        $(suite!($back_end: $make;
            a_burst_passes_up_to_the_limit_and_is_told_what_is_left,
            permits_come_back_one_by_one,
            many_at_once_pass_no_more_than_the_limit,
        );)+
    };
}

fn local() -> MemoryRateLimiter {
    MemoryRateLimiter::new(Arc::new(SystemClock))
}

fn with_fallback(shared: RedisRateLimiter) -> FallbackRateLimiter {
    FallbackRateLimiter::new(Arc::new(shared), Arc::new(local()))
}

fn redis() -> (RedisRateLimiter, RedisServer) {
    let server = RedisServer::start();
    (RedisRateLimiter::new(guarded(client(server.port))), server)
}

suite! {
    memory: (local(), ());
    redis: redis();
    with_fallback: {
        let (limiter, server) = redis();
        (with_fallback(limiter), server)
    };
}

#[tokio::test]
async fn pods_share_a_limit_and_fall_back_to_their_own_without_redis() {
    let server = RedisServer::start();
    let pods = [
        with_fallback(RedisRateLimiter::new(guarded(client(server.port)))),
        with_fallback(RedisRateLimiter::new(guarded(client(server.port)))),
    ];
    let mut passed = 0;
    for turn in 0..20 {
        passed += u32::from(take(&pods[turn % 2], "a", SLOW).await.allowed);
    }
    assert_eq!(passed, 10, "together");
    drop(server);
    for pod in &pods {
        let mut passed = 0;
        for _ in 0..20 {
            passed += u32::from(take(pod, "a", SLOW).await.allowed);
        }
        assert_eq!(passed, 10, "each by itself");
    }
}

#[tokio::test]
async fn a_bucket_hides_its_name_and_goes_when_it_is_full_again() {
    let (limiter, server) = redis();
    let client = client(server.port);
    take(&limiter, "orders:alice@example.com", FAST).await;
    let info: String = client.info(Some(fred::types::InfoKind::Keyspace)).await.expect("info");
    assert!(info.contains("keys=1,expires=1"), "{info}");
    let key: String = client.randomkey().await.expect("randomkey");
    assert!(key.starts_with("contoso-shop:rate:") && !key.contains("alice"), "{key}");
}
