//! The same adapters on every form Redis comes in (S1-Scale-2, V-27).

use std::collections::HashSet;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contoso_shop::adapters::redis::{
    Dialer, GuardedClient, RedisEventStream, RedisLocks, RedisRateLimiter, RedisSessions,
    RedisSharedCache, RedisStatusCopy, RedisWakeup, Subscriptions, command_client,
};
use contoso_shop::adapters::{Guard, GuardSettings, TieredCache};
use contoso_shop::config::{RedisSettings, RedisTopology};
use contoso_shop::domain::{
    CorrelationId, EventId, OrderEvent, OrderId, OrderSnapshot, OrderStatus, OrderVersion,
    Timestamp, UserId,
};
use contoso_shop::ports::{
    Cache, CacheArea, CacheKey, CopiedStatus, EventStream, Locks, RateLimit, RateLimiter, Sessions,
    SharedCache, StatusCopy, StoreError, Wakeup,
};
use contoso_shop::resilience::Backoff;
use fred::clients::Client;
use fred::interfaces::ClientLike;

use crate::support::redis::{guarded, settings};
use crate::support::redis_forms::{RedisCluster, SentinelTrio};
use crate::support::redis_server::{RedisServer, free_port};
use crate::support::tasks::tasks;
use crate::support::wait::until;

const SOON: Duration = Duration::from_secs(10);
const TTL: Duration = Duration::from_secs(1800);

fn snapshot(status: OrderStatus, id: CorrelationId) -> OrderSnapshot {
    let updated_at = Timestamp::from_micros(0);
    OrderSnapshot {
        order_id: OrderId(1),
        correlation_id: id,
        user: UserId::new("u"),
        status,
        version: OrderVersion::usual(status),
        updated_at,
    }
}

fn event(order: i64) -> OrderEvent {
    OrderEvent {
        event_id: EventId::generate(),
        correlation_id: CorrelationId::generate(),
        order_id: OrderId(order),
        status: OrderStatus::Completed,
        version: OrderVersion::new(3),
        occurred_at: Timestamp::from_micros(0),
        trace_parent: None,
    }
}

/// Uses everything we have in Redis once, over many slots.
async fn everything_works(settings: &RedisSettings) {
    let tasks = tasks();
    let client = command_client(settings).expect("good settings");
    let channels = [RedisWakeup::channels(), RedisSharedCache::channels()].concat();
    let dialer = Dialer::new(settings).expect("good settings");
    let subscriptions = Subscriptions::start(dialer, channels, &tasks);
    until("the subscription", SOON, || async { subscriptions.is_complete().then_some(()) }).await;

    let copy = RedisStatusCopy::new(guarded(client.clone()), TTL);
    // On a cluster a command is refused, not kept waiting, until the first connection has told who
    // holds what.
    until("the first command to pass", SOON, || async {
        copy.touch(CorrelationId::generate()).await.ok()
    })
    .await;
    for _ in 0..100 {
        let id = CorrelationId::generate();
        copy.write(&snapshot(OrderStatus::Processing, id)).await.expect("write");
        copy.write(&snapshot(OrderStatus::Accepted, id)).await.expect("write");
        copy.touch(id).await.expect("touch");
        let read = copy.read(id).await.expect("read").expect("written");
        assert_eq!(read, CopiedStatus::from(&snapshot(OrderStatus::Processing, id)));
    }

    let reader = command_client(settings).expect("good settings");
    until("the reader to connect", SOON, || async { reader.is_connected().then_some(()) }).await;
    let events = RedisEventStream::new(guarded(client.clone()), reader);
    events.append(&[event(1), event(2), event(3)]).await.expect("append");
    let read = events.read("a", 10, Duration::from_secs(1)).await.expect("read");
    assert_eq!(read.len(), 3);
    events.bury(&read[0], "a test").await.expect("bury");
    events.acknowledge(&[read[1].id.clone()]).await.expect("acknowledge");
    let at_once = Backoff { first: Duration::ZERO, longest: Duration::ZERO };
    assert_eq!(events.claim("b", at_once, 10).await.expect("claim").len(), 1);
    let left = events.trim().await.expect("trim");
    assert_eq!((left.length, left.pending), (1, 1));

    let other = RedisWakeup::start(client.clone(), &subscriptions, &tasks);
    let wakeup = RedisWakeup::start(client.clone(), &subscriptions, &tasks);
    wakeup.hint();
    tokio::time::timeout(SOON, other.hinted()).await.expect("a hint");

    let locks = RedisLocks::new(guarded(client.clone()));
    let held = locks.acquire("a", TTL).await.expect("acquire").expect("free");
    assert!(
        locks.renew(&held, TTL).await.expect("renew")
            && locks.release(&held).await.expect("release")
    );
    let limit = RateLimit { permits: 1, per: TTL };
    let limiter = RedisRateLimiter::new(guarded(client.clone()));
    assert!(limiter.take("a", limit).await.expect("take").allowed);
    assert!(!limiter.take("a", limit).await.expect("take").allowed);
    let sessions = RedisSessions::new(guarded(client.clone()));
    sessions.save(&UserId::new("u"), "s".into()).await.expect("save");
    assert_eq!(sessions.find(&UserId::new("u")).await.expect("find"), Some("s".into()));
    let shared = Arc::new(RedisSharedCache::new(guarded(client), &subscriptions));
    let cache = TieredCache::start(shared.clone(), &tasks);
    let key = CacheKey { area: CacheArea::Reports, id: "r".into() };
    cache.get_or_load(&key, Box::pin(async { Ok("v".into()) })).await.expect("a value");
    assert_eq!(shared.read(&key).await.expect("read").value, Some("v".into()));
    cache.invalidate(CacheArea::Reports).await;
    assert_eq!(shared.read(&key).await.expect("read").value, None);
}

/// The guard of production.
fn production(client: Client) -> GuardedClient {
    GuardedClient::new(client, Arc::new(Guard::new("redis", GuardSettings::REDIS)))
}

/// Writes and reads without a break while `kill` takes the primary away. Every error is one of
/// waiting; everything that was acknowledged after the failover is delivered.
async fn traffic_survives(settings: &RedisSettings, kill: impl FnOnce()) {
    let client = command_client(settings).expect("good settings");
    let copy = RedisStatusCopy::new(production(client.clone()), TTL);
    let reader = command_client(settings).expect("good settings");
    until("the connections", SOON, || async {
        (client.is_connected() && reader.is_connected()).then_some(())
    })
    .await;
    let events = RedisEventStream::new(production(client.clone()), reader);
    let order = CorrelationId::generate();
    let both = async |number: i64| -> Result<EventId, StoreError> {
        copy.write(&snapshot(OrderStatus::Processing, order)).await?;
        let event = event(number);
        events.append(std::slice::from_ref(&event)).await?;
        Ok(event.event_id)
    };
    let read = async |seen: &mut HashSet<EventId>| match events
        .read("a", 100, Duration::from_millis(50))
        .await
    {
        Ok(read) => seen.extend(
            read.into_iter().filter_map(|delivery| delivery.event).map(|event| event.event_id),
        ),
        Err(error) => assert!(error.is_transient(), "{error}"),
    };

    let mut seen = HashSet::new();
    for number in 0..20 {
        both(number).await.expect("all is well");
        read(&mut seen).await;
    }
    assert_eq!(seen.len(), 20);
    kill();
    let killed = Instant::now();
    let (mut refused, mut after) = (0, Vec::new());
    while after.len() < 20 {
        match both(100).await {
            Ok(id) => after.push(id),
            Err(error) => {
                assert!(error.is_transient(), "only waiting helps: {error}");
                refused += 1;
                // What the old primary took last may be lost with it; count from when the new one
                // is in place.
                after.clear();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        read(&mut seen).await;
        assert!(killed.elapsed() < Duration::from_secs(30), "no recovery");
    }
    let recovered = killed.elapsed();
    let start = Instant::now();
    while !after.iter().all(|id| seen.contains(id)) {
        read(&mut seen).await;
        assert!(start.elapsed() < SOON, "events of the new primary are missing");
    }
    let status = copy.read(order).await.expect("read").expect("written").status;
    assert_eq!(status, OrderStatus::Processing);
    assert!(refused > 0, "the failover was not noticed");
    println!("well again {recovered:?} after the kill; {refused} calls refused");
}

#[tokio::test]
async fn sentinel_everything_works_and_a_failover_is_followed_during_traffic() {
    let mut trio = SentinelTrio::start().await;
    let sentinels = trio.sentinels.iter().map(|port| ("127.0.0.1".to_owned(), *port)).collect();
    let settings = RedisSettings {
        topology: RedisTopology::Sentinel { service: "shop".into(), sentinels },
        ..settings(0)
    };
    everything_works(&settings).await;
    let primary = trio.primary();
    traffic_survives(&settings, || {
        trio.servers.retain(|server| server.port != primary);
    })
    .await;
    assert_ne!(trio.primary(), primary);
}

#[tokio::test]
async fn cluster_everything_works_and_a_failover_is_followed_during_traffic() {
    let mut cluster = RedisCluster::start().await;
    let nodes = cluster
        .servers
        .iter()
        .take(2)
        .map(|server| ("127.0.0.1".to_owned(), server.port))
        .collect();
    let settings = RedisSettings { topology: RedisTopology::Cluster(nodes), ..settings(0) };
    everything_works(&settings).await;
    traffic_survives(&settings, || {
        let holder = cluster.holder("contoso-shop:events");
        cluster.servers.remove(holder);
    })
    .await;
}

#[tokio::test]
async fn tls_with_a_private_authority_works_and_without_it_nothing_is_sent() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (certificate, key) = (path("cert.pem"), path("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ])
        .args([
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args(["-keyout", &key, "-out", &certificate])
        .output();
    assert!(made.expect("openssl is missing: apt-get install openssl").status.success());
    let port = free_port();
    let port_text = port.to_string();
    let _server = RedisServer::start_with(&[
        "--tls-port",
        &port_text,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &certificate,
        "--tls-auth-clients",
        "no",
    ]);
    let trusting = RedisSettings { tls: true, ca_file: Some(certificate.into()), ..settings(port) };
    everything_works(&trusting).await;
    let doubting = RedisSettings { ca_file: None, ..trusting.clone() };
    let copy =
        RedisStatusCopy::new(guarded(command_client(&doubting).expect("good settings")), TTL);
    let error = copy.owner(CorrelationId::generate()).await.expect_err("the server is not trusted");
    assert!(error.is_transient(), "{error}");
    let missing = RedisSettings { ca_file: Some(path("missing.pem").into()), ..trusting };
    let error = command_client(&missing).expect_err("no such file").to_string();
    assert!(error.contains("missing.pem"), "{error}");
}

#[tokio::test]
async fn an_acl_user_with_few_rights_is_enough_and_a_wrong_password_is_not() {
    // What the operator must grant; see the documentation of the settings.
    let rights = "on >secret ~order:* ~contoso-shop:* &contoso-shop:* +@read +@write +@pubsub +@scripting +@connection +time";
    let mut arguments = vec!["--user", "shop"];
    arguments.extend(rights.split(' '));
    let server = RedisServer::start_with(&arguments);
    let login = |password: &str| RedisSettings {
        username: Some("shop".into()),
        password: Some(password.into()),
        database: 3,
        ..settings(server.port)
    };
    everything_works(&login("secret")).await;
    let copy =
        RedisStatusCopy::new(guarded(command_client(&login("wrong")).expect("good settings")), TTL);
    let error = copy.owner(CorrelationId::generate()).await.expect_err("wrong password");
    assert!(error.is_transient() && !error.to_string().contains("wrong"), "{error}");
}
