use std::sync::Arc;
use std::time::{Duration, Instant};

use contoso_shop::adapters::redis::{
    GuardedClient, RedisEventStream, RedisHealth, RedisStatusCopy,
};
use contoso_shop::adapters::{Guard, GuardSettings};
use contoso_shop::domain::{
    CorrelationId, EventId, OrderEvent, OrderId, OrderSnapshot, OrderStatus, OrderVersion,
    Timestamp, UserId,
};
use contoso_shop::ports::{EventStream, Health, HealthProbe, StatusCopy, StoreError};
use contoso_shop::resilience::BreakerState;

use crate::support::fault_proxy::FaultProxy;
use crate::support::redis::{client, subscriptions};
use crate::support::redis_server::RedisServer;
use crate::support::wait::until;

const SOON: Duration = Duration::from_secs(10);

struct Shop {
    _server: RedisServer,
    proxy: FaultProxy,
    guard: Arc<Guard>,
    copy: RedisStatusCopy,
    events: RedisEventStream,
    health: RedisHealth,
}

impl Shop {
    async fn start() -> Self {
        let server = RedisServer::start();
        let proxy = FaultProxy::start(server.port).await;
        let guard = Arc::new(Guard::new("redis", GuardSettings::REDIS));
        let commands = client(proxy.port);
        let subscriptions = subscriptions(proxy.port, vec!["test".into()]);
        let redis = GuardedClient::new(commands, guard.clone());
        let events = RedisEventStream::new(redis.clone(), client(proxy.port));
        let shop = Self {
            _server: server,
            proxy,
            copy: RedisStatusCopy::new(redis.clone(), Duration::from_secs(60)),
            events,
            guard,
            health: RedisHealth::new(redis, subscriptions),
        };
        until("a healthy start", SOON, || async {
            (shop.health().await == Health::Healthy).then_some(())
        })
        .await;
        shop
    }

    async fn health(&self) -> Health {
        self.health.check(Duration::from_secs(2)).await.status
    }

    async fn write(&self) -> Result<(), StoreError> {
        self.copy.write(&snapshot()).await
    }

    async fn read_event(&self, wanted: &OrderEvent) -> Option<()> {
        let read = self.events.read("a", 100, Duration::from_millis(100)).await.ok()?;
        read.iter().any(|delivery| delivery.event.as_ref() == Some(wanted)).then_some(())
    }
}

fn snapshot() -> OrderSnapshot {
    OrderSnapshot {
        order_id: OrderId(1),
        correlation_id: CorrelationId::generate(),
        user: UserId::new("u"),
        status: OrderStatus::Accepted,
        version: OrderVersion::FIRST,
        updated_at: Timestamp::from_micros(0),
    }
}

fn event() -> OrderEvent {
    OrderEvent {
        event_id: EventId::generate(),
        correlation_id: CorrelationId::generate(),
        order_id: OrderId(1),
        status: OrderStatus::Completed,
        version: OrderVersion::new(3),
        occurred_at: Timestamp::from_micros(0),
        trace_parent: None,
    }
}

/// Breaks Redis in one way, then heals it: no call is slow, the breaker opens and answers at once,
/// everything comes back.
async fn survives(fault: impl Fn(&FaultProxy)) {
    let shop = Shop::start().await;
    shop.write().await.expect("write");
    fault(&shop.proxy);

    let start = Instant::now();
    while shop.guard.state() != BreakerState::Open {
        let call = Instant::now();
        let error = shop.write().await.expect_err("Redis is away");
        assert!(error.is_transient(), "{error}");
        assert!(call.elapsed() < Duration::from_millis(1_300), "a call took {:?}", call.elapsed());
        assert!(start.elapsed() < SOON, "the breaker never opens");
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..1_000 {
        let call = Instant::now();
        shop.write().await.expect_err("the breaker is open");
        slowest = slowest.max(call.elapsed());
    }
    assert!(slowest < Duration::from_millis(20), "an open breaker took {slowest:?} (S1-Res-1)");
    until("bad health", SOON, || async {
        (shop.health().await == Health::Unhealthy).then_some(())
    })
    .await;

    shop.proxy.heal();
    let healed = Instant::now();
    until("writes to pass", SOON, || async { shop.write().await.ok() }).await;
    let wanted = event();
    until("an event to be taken", SOON, || async {
        shop.events.append(std::slice::from_ref(&wanted)).await.ok()
    })
    .await;
    until("the event to be read", SOON, || async { shop.read_event(&wanted).await }).await;
    until("good health", SOON, || async { (shop.health().await == Health::Healthy).then_some(()) })
        .await;
    println!(
        "open breaker answers within {slowest:?}; all well {:?} after the fault",
        healed.elapsed()
    );
    assert_eq!(shop.guard.state(), BreakerState::Closed);
}

#[tokio::test]
async fn a_cut_connection_is_survived() {
    survives(FaultProxy::cut).await;
}

#[tokio::test]
async fn a_redis_that_hangs_is_survived() {
    survives(FaultProxy::hang).await;
}

#[tokio::test]
async fn a_redis_that_is_too_slow_is_survived() {
    survives(|proxy| proxy.delay(Duration::from_millis(1_500))).await;
}

#[tokio::test]
async fn a_fault_is_an_answer_and_opens_nothing() {
    use fred::interfaces::HashesInterface;

    let shop = Shop::start().await;
    let order = snapshot();
    let direct = client(shop.proxy.port);
    direct
        .hset::<(), _, _>(format!("order:status:{}", order.correlation_id), ("a", "b"))
        .await
        .expect("hset");
    for _ in 0..20 {
        let error = shop.copy.write(&order).await.expect_err("the key holds something else");
        assert!(!error.is_transient(), "{error}");
    }
    assert_eq!(shop.guard.state(), BreakerState::Closed);
}

#[tokio::test]
async fn an_answer_after_more_than_100_ms_is_degraded() {
    let shop = Shop::start().await;
    for (pause, expected) in [(150, Health::Degraded), (0, Health::Healthy)] {
        shop.proxy.delay(Duration::from_millis(pause));
        until("the health to follow", SOON, || async {
            (shop.health().await == expected).then_some(())
        })
        .await;
    }
}
