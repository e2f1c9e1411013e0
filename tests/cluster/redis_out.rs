//! V-07: Redis is cut, hangs, is restarted with and without its data, is flushed.

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::fault_proxy::FaultProxy;
use crate::redis_server::RedisServer;
use crate::support::{Api, Customer, Pod, Rig, StockTab, Tally, until};

/// V-07: all is well again this long after Redis is back.
const RECOVERED: Duration = Duration::from_secs(35);
const OUTAGE: Duration = Duration::from_secs(5);

/// Two web pods and a worker that reach Redis through a proxy, a tab of one user on each web pod,
/// and the user at the till of A.
struct Scene {
    rig: Rig,
    proxy: FaultProxy,
    pods: [Pod; 3],
    tabs: [StockTab; 2],
    api: Api,
    /// Orders of ours, beside the customer's.
    ordered: usize,
}

impl Scene {
    async fn set(rig: Rig) -> Self {
        let proxy = FaultProxy::start(rig.redis.port).await;
        let redis = format!("127.0.0.1:{}", proxy.port);
        let settings = [("ConnectionStrings__Redis", redis.as_str())];
        let pods = [
            rig.pod("web", &settings).await,
            rig.pod("web", &settings).await,
            rig.pod("worker", &settings).await,
        ];
        let api = Api::sign_in(&pods[0].url(), "ada").await;
        let tabs = [
            StockTab::open(&pods[0].url(), &api.token).await,
            StockTab::open(&pods[1].url(), &api.token).await,
        ];
        let mut scene = Self { rig, proxy, pods, tabs, api, ordered: 0 };
        scene.order_is_told("before").await;
        scene
    }

    /// Places an order and waits until both tabs know that it is completed.
    async fn order_is_told(&mut self, when: &str) {
        let began = Instant::now();
        let order = self.api.order("AZ-700", 1).await;
        self.ordered += 1;
        for tab in &mut self.tabs {
            tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
        }
        println!("  {when}: both tabs told of a completed order within {:?}", began.elapsed());
    }

    fn customer(&self) -> Customer {
        Customer::enter(self.api.clone())
    }

    async fn breakers_are(&self, state: &str, pods: &[usize]) {
        let labels = format!("dependency=\"redis\",state=\"{state}\"");
        for pod in pods {
            let what = format!("the breaker of pod {pod} to be {state}");
            until(&what, RECOVERED, || async {
                (self.pods[*pod].metric("contoso_breaker_state", &labels).await > 0.0).then_some(())
            })
            .await;
        }
    }

    /// Nothing waits in the outbox, every pod hears every other, every breaker is closed. Returns
    /// how long that took.
    async fn recovered(&self) -> Duration {
        let began = Instant::now();
        self.breakers_are("closed", &[0, 1, 2]).await;
        until("the pods to hear each other and the outbox to be empty", RECOVERED, || async {
            let mut connected = 0.0;
            for web in &self.pods[..2] {
                connected += web.metric("contoso_signalr_backplane_connected", "").await;
            }
            (connected == 2.0 && self.pods[2].metric("contoso_outbox_pending", "").await == 0.0)
                .then_some(())
        })
        .await;
        began.elapsed()
    }

    /// Every order of the visit is completed, and each tab heard of it once.
    async fn settle(mut self, what: &str, tally: Tally, recovery: Duration) {
        println!("{what}: {tally}; recovered {recovery:?} after its end");
        assert_eq!(
            tally.posts.keys().collect::<Vec<_>>(),
            [&201],
            "every order is accepted at once: {tally}"
        );
        assert_eq!(
            tally.looks.keys().collect::<Vec<_>>(),
            [&200],
            "every order can be read: {tally}"
        );
        assert!(recovery <= RECOVERED, "{recovery:?}");
        self.order_is_told("after").await;
        tally.reconcile(&self.api, self.ordered, RECOVERED).await;
        for tab in &mut self.tabs {
            for order in &tally.accepted {
                tab.event("OrderCompleted", &order.correlation_id, "Completed").await;
            }
            // What was sent before this answer has arrived with it.
            tab.invoke("Ping", serde_json::json!([])).await;
            for order in &tally.accepted {
                for event in ["OrderCompleted", "Notification"] {
                    assert_eq!(
                        tab.told(event, &order.correlation_id, "Completed"),
                        1,
                        "{event} of {}",
                        order.correlation_id
                    );
                }
            }
            assert!(
                !tab.seen.iter().any(|line| line["event"] == "reconnecting"),
                "no tab lost its connection"
            );
        }
    }
}

/// Both tabs, on both pods, are told while Redis is away; answers are quick once the breaker is
/// open.
async fn survives(what: &str, fault: impl Fn(&FaultProxy)) {
    let mut scene = Scene::set(Rig::new()).await;
    let customer = scene.customer();
    let began = Instant::now();
    fault(&scene.proxy);
    scene.breakers_are("open", &[0]).await;
    println!("{what}: the breaker opened after {:?}", began.elapsed());
    for pod in &scene.pods {
        assert_eq!(
            pod.ops_status("/health/ready").await,
            Some(200),
            "no pod leaves because of Redis"
        );
        assert_eq!(pod.ops_status("/health/live").await, Some(200));
    }
    let details = reqwest::get(format!("http://127.0.0.1:{}/health/details", scene.pods[0].ops))
        .await
        .expect("an answer");
    assert_eq!(details.status(), 503);
    let details: serde_json::Value = details.json().await.expect("JSON");
    let (redis, sql) = (&details["components"]["redis"], &details["components"]["sql"]);
    assert!(redis["data"]["breaker"] != "closed" && redis["status"] == "unhealthy", "{details}");
    assert!(sql["data"]["breaker"] == "closed" && sql["status"] == "healthy", "{details}");
    let before = Instant::now();
    let answer = scene.api.request(Method::GET, "/api/orders").send().await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-degraded"]),
        (200, &"redis".parse().expect("a value"))
    );
    println!("{what}: a read with the breaker open took {:?}", before.elapsed());
    scene.order_is_told("during the outage").await;
    tokio::time::sleep(OUTAGE.saturating_sub(began.elapsed())).await;
    scene.proxy.heal();
    let recovery = scene.recovered().await;
    let tally = customer.leave().await;
    scene.settle(what, tally, recovery).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v07_redis_is_cut() {
    survives("cut", FaultProxy::cut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v07_redis_hangs() {
    survives("hung", FaultProxy::hang).await;
}

/// Kills Redis while orders come in, and starts it again where it was.
async fn restarts(what: &str, arguments: &[&str]) {
    let mut scene = Scene::set(Rig::with_redis(arguments)).await;
    let customer = scene.customer();
    scene.rig.redis.stop();
    tokio::time::sleep(Duration::from_secs(2)).await;
    scene.rig.redis = RedisServer::launch(scene.rig.redis.port, arguments);
    let recovery = scene.recovered().await;
    let tally = customer.leave().await;
    scene.settle(what, tally, recovery).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v07_redis_is_restarted_with_nothing_in_it() {
    restarts("restarted without AOF", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v07_redis_is_restarted_with_its_append_only_file() {
    let folder = tempfile::tempdir().expect("temp dir");
    let folder = folder.path().to_str().expect("a plain path");
    restarts(
        "restarted with AOF",
        &["--dir", folder, "--appendonly", "yes", "--appendfsync", "always"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v07_pods_start_while_redis_is_gone_and_find_it_later() {
    let mut rig = Rig::new();
    rig.redis.stop();
    let pods = [rig.pod("web", &[]).await, rig.pod("web", &[]).await, rig.pod("worker", &[]).await];
    let api = Api::sign_in(&pods[0].url(), "ada").await;
    let tabs = [
        StockTab::open(&pods[0].url(), &api.token).await,
        StockTab::open(&pods[1].url(), &api.token).await,
    ];
    // Nothing goes through it here.
    let proxy = FaultProxy::start(rig.redis.port).await;
    let mut scene = Scene { rig, proxy, pods, tabs, api, ordered: 0 };
    scene.order_is_told("without Redis since the start").await;
    let customer = scene.customer();
    scene.rig.redis = RedisServer::launch(scene.rig.redis.port, &[]);
    let recovery = scene.recovered().await;
    let tally = customer.leave().await;
    scene.settle("started without Redis", tally, recovery).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v07_redis_is_flushed_while_orders_come_in() {
    let scene = Scene::set(Rig::new()).await;
    let early = scene.api.order("AZ-700", 1).await;
    scene.api.wait_status(&early.correlation_id, "Completed", RECOVERED).await;
    let customer = scene.customer();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        scene.rig.redis_cli(&["FLUSHALL"]);
    }
    let recovery = scene.recovered().await;
    let mut tally = customer.leave().await;

    // what was lost is made anew from SQL when somebody asks.
    let map = format!("order:map:{}", early.correlation_id);
    let status = format!("order:status:{}", early.correlation_id);
    scene.rig.redis_cli(&["DEL", &map]);
    scene.rig.redis_cli(&["DEL", &status]);
    assert_eq!(scene.api.status(&early.correlation_id).await.as_deref(), Some("Completed"));
    assert_eq!(scene.rig.redis_cli(&["GET", &map]), "ada");
    assert_eq!(scene.rig.redis_cli(&["GET", &status]), "COMPLETED");
    let groups = scene.rig.redis_cli(&["XINFO", "GROUPS", "contoso-shop:events"]);
    assert_eq!(groups.as_array().map(Vec::len), Some(1), "the consumer group is back: {groups}");
    tally.accepted.push(early);
    scene.settle("flushed 5 times", tally, recovery).await;
}
