//! What the protections cost when nothing is wrong: a guarded call beside a bare one, a cache hit
//! beside a miss, a lock. Needs redis-server. Run: `cargo bench --bench resilience`.

// The macro below makes a public function without a doc.
#![allow(missing_docs)]

use std::hint::black_box;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use contoso_shop::adapters::redis::{
    Dialer, GuardedClient, RedisLocks, RedisRateLimiter, RedisSharedCache, RedisStatusCopy,
    Subscriptions, command_client,
};
use contoso_shop::adapters::{Guard, GuardSettings, TieredCache};
use contoso_shop::config::{RedisSettings, RedisTopology};
use contoso_shop::domain::{
    CorrelationId, OrderId, OrderSnapshot, OrderStatus, OrderVersion, Timestamp, UserId,
};
use contoso_shop::lifecycle::{StopPlan, Supervisor};
use contoso_shop::ports::{
    Cache, CacheArea, CacheKey, Locks, RateLimit, RateLimiter, StatusCopy, StoreError,
};
use criterion::{Criterion, criterion_group, criterion_main};
use fred::interfaces::{ClientLike, KeysInterface};
use tokio::runtime::Runtime;

const LONG: Duration = Duration::from_secs(1800);

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn redis() -> (Server, RedisSettings) {
    let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = free.local_addr().expect("its address").port();
    drop(free);
    let child = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is missing: apt-get install redis-server");
    let settings = RedisSettings {
        topology: RedisTopology::Single("127.0.0.1".into(), port),
        username: None,
        password: None,
        tls: false,
        ca_file: None,
        database: 0,
        connect_timeout: Duration::from_secs(5),
        command_timeout: Duration::from_secs(1),
    };
    (Server(child), settings)
}

fn snapshot() -> OrderSnapshot {
    OrderSnapshot {
        order_id: OrderId(1),
        correlation_id: CorrelationId::generate(),
        user: UserId::new("user"),
        status: OrderStatus::Accepted,
        version: OrderVersion::FIRST,
        updated_at: Timestamp::from_micros(0),
    }
}

fn guard() -> Arc<Guard> {
    Arc::new(Guard::new("redis", GuardSettings::REDIS))
}

fn guards(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (_server, settings) = redis();
    let client = runtime.block_on(async {
        let client = command_client(&settings).expect("good settings");
        client.wait_for_connect().await.expect("a connection");
        client
    });
    let order = snapshot();

    let mut group = c.benchmark_group("one command");
    let bare = async || client.set::<(), _, _>("bench", 1, None, None, false).await;
    group.bench_function("redis write, bare", |b| {
        b.to_async(&runtime).iter(|| async { bare().await.expect("write") })
    });
    let closed = guard();
    group.bench_function("redis write, guarded", |b| {
        b.to_async(&runtime).iter(|| async {
            let write = async { bare().await.map_err(StoreError::fault) };
            closed.call(write).await.expect("write")
        })
    });
    group.bench_function("nothing, guarded", |b| {
        b.to_async(&runtime)
            .iter(|| async { closed.call(async { Ok(()) }).await.expect("nothing") })
    });
    group.finish();

    let redis = GuardedClient::new(client.clone(), closed);
    let copy = RedisStatusCopy::new(redis.clone(), LONG);
    c.bench_function("status copy, write", |b| {
        b.to_async(&runtime).iter(|| async { copy.write(&order).await.expect("write") })
    });

    let open = guard();
    runtime.block_on(async {
        for _ in 0..5 {
            let _ = open.call(async { Err::<(), _>(StoreError::unavailable("down")) }).await;
        }
    });
    c.bench_function("open breaker", |b| {
        b.to_async(&runtime)
            .iter(|| async { black_box(open.call(async { Ok(()) }).await.is_err()) });
    });

    let locks = RedisLocks::new(redis.clone());
    c.bench_function("lock, acquire and release", |b| {
        b.to_async(&runtime).iter(|| async {
            let held = locks.acquire("bench", LONG).await.expect("acquire").expect("free");
            locks.release(&held).await.expect("release")
        });
    });

    let limiter = RedisRateLimiter::new(redis);
    let limit = RateLimit { permits: 1_000_000, per: Duration::from_secs(1) };
    c.bench_function("rate limit", |b| {
        b.to_async(&runtime).iter(|| async { limiter.take("bench", limit).await.expect("take") })
    });
}

fn caches(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (_server, settings) = redis();
    let none = Duration::ZERO;
    let plan =
        StopPlan { announce: none, work: none, requests: none, background: none, last: none };
    let tasks = Supervisor::new(plan);
    let cache = runtime.block_on(async {
        let client = command_client(&settings).expect("good settings");
        client.wait_for_connect().await.expect("a connection");
        let dialer = Dialer::new(&settings).expect("good settings");
        let subscriptions = Subscriptions::start(dialer, RedisSharedCache::channels(), &tasks);
        let redis = GuardedClient::new(client, guard());
        TieredCache::start(Arc::new(RedisSharedCache::new(redis, &subscriptions)), &tasks)
    });
    let page = || Box::pin(async { Ok::<_, StoreError>(vec![7; 8 * 1024].into()) });
    let key = |id: u64| CacheKey { area: CacheArea::Catalogue, id: id.to_string() };
    let mut group = c.benchmark_group("cache, 8 KiB");
    let hit = key(0);
    group.bench_function("hit in the process", |b| {
        b.to_async(&runtime)
            .iter(|| async { cache.get_or_load(&hit, page()).await.expect("a value") });
    });
    group.bench_function("miss: ask Redis, load, share", |b| {
        b.to_async(&runtime).iter(|| async {
            cache.invalidate(CacheArea::Reports).await;
            let report = CacheKey { area: CacheArea::Reports, id: "bench".into() };
            cache.get_or_load(&report, page()).await.expect("a value")
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = guards, caches
}
criterion_main!(benches);
