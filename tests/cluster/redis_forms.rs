//! V-27: the same binary on a Sentinel trio and on a Redis Cluster; the primary dies while people
//! order.

use std::time::{Duration, Instant};

use crate::forms::{RedisCluster, SentinelTrio};
use crate::redis_server::RedisServer;
use crate::support::{Api, Customer, Pod, Rig, StockTab};

/// Time to choose a new primary with the tests' settings, as their configuration bounds it, and the
/// 5 s of V-27.
const FAILOVER: Duration = Duration::from_secs(10);

struct Shop {
    a: Pod,
    _b: Pod,
    _worker: Pod,
    tabs: [StockTab; 2],
}

async fn open(rig: &Rig, redis: &str) -> Shop {
    let settings = [("ConnectionStrings__Redis", redis)];
    let a = rig.pod("web", &settings).await;
    let b = rig.pod("web", &settings).await;
    let worker = rig.pod("worker", &settings).await;
    let ada = Api::sign_in(&a.url(), "ada").await;
    let tabs =
        [StockTab::open(&a.url(), &ada.token).await, StockTab::open(&b.url(), &ada.token).await];
    Shop { a, _b: b, _worker: worker, tabs }
}

/// Orders before, during and after the death of the primary; every order must be accepted,
/// completed and heard of once per tab.
async fn live_through(mut shop: Shop, primary: &mut RedisServer) -> Duration {
    let api = Api::sign_in(&shop.a.url(), "ada").await;
    for _ in 0..5 {
        let order = api.order("AZ-700", 1).await;
        for tab in &mut shop.tabs {
            tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
            assert_eq!(tab.count("OrderCompleted", &order.correlation_id, "Completed").await, 1);
        }
    }
    let customer = Customer::enter(Api::sign_in(&shop.a.url(), "ada").await);
    primary.stop();
    let died = Instant::now();
    // An answer without the mark means that the status copy was written: the new primary is in use.
    let recovered = loop {
        let probe = Api::sign_in(&shop.a.url(), "probe").await;
        let body = serde_json::json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
        let answer = probe
            .request(reqwest::Method::POST, "/api/orders")
            .json(&body)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 201, "orders are accepted throughout");
        if !answer.headers().contains_key("x-degraded") && died.elapsed() > Duration::from_secs(1) {
            break died.elapsed();
        }
        assert!(
            died.elapsed() < FAILOVER,
            "still degraded {:?} after the primary died",
            died.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let tally = customer.leave().await;
    println!("{tally}");
    tally.reconcile(&api, 5, Duration::from_secs(30)).await;
    for order in &tally.accepted {
        for tab in &mut shop.tabs {
            tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
        }
    }
    for order in &tally.accepted {
        for tab in &mut shop.tabs {
            assert_eq!(
                tab.count("OrderCompleted", &order.correlation_id, "Completed").await,
                1,
                "once per tab"
            );
        }
    }
    assert!(!shop.a.log().contains("CROSSSLOT"), "no command may name keys of two slots");
    recovered
}

#[tokio::test(flavor = "multi_thread")]
async fn v27_a_sentinel_failover_loses_nothing() {
    let rig = Rig::new();
    let mut trio = SentinelTrio::start().await;
    let redis = trio.sentinels.iter().map(|port| format!("127.0.0.1:{port},")).collect::<String>()
        + "serviceName=shop";
    let shop = open(&rig, &redis).await;
    let recovered = live_through(shop, &mut trio.servers[0]).await;
    println!("Sentinel: well again {recovered:?} after the primary died");
}

#[tokio::test(flavor = "multi_thread")]
async fn v27_a_cluster_failover_loses_nothing() {
    let rig = Rig::new();
    let mut cluster = RedisCluster::start().await;
    let redis: Vec<String> =
        cluster.servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
    let shop = open(&rig, &redis.join(",")).await;
    let holder = cluster.holder("contoso-shop:events");
    let recovered = live_through(shop, &mut cluster.servers[holder]).await;
    println!("cluster: well again {recovered:?} after the primary died");
}
