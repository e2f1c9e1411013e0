//! D5a: with two web pods and two workers every connection hears each version of its orders in order
//! and once, and so does a .NET pod of the fleet; in quiet without a skip, and forward whatever
//! happens to Redis or to a pod.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Api, ForeignPod, Listener, Pod, Rig, Told, assert_forward, until};

const USERS: usize = 10;
const SOON: Duration = Duration::from_secs(60);

/// Two web pods, two workers, a tab of every user on each web pod, and a foreign pod.
struct Scene {
    web: [Pod; 2],
    _workers: [Pod; 2],
    users: Vec<Api>,
    tabs: Vec<Listener>,
    foreign: ForeignPod,
    rig: Rig,
}

impl Scene {
    async fn set() -> Self {
        let rig = Rig::new();
        let settings = [("Orders__ProcessingTime", "0s"), ("Events__RetryAfter", "1s")];
        let web = [rig.pod("web", &settings).await, rig.pod("web", &settings).await];
        let workers = [rig.pod("worker", &settings).await, rig.pod("worker", &settings).await];
        let names: Vec<_> = (0..USERS).map(|number| format!("user-{number}")).collect();
        let foreign = ForeignPod::join(rig.redis.port, &names).await;
        let (mut users, mut tabs) = (Vec::new(), Vec::new());
        for (number, name) in names.iter().enumerate() {
            let user = Api::sign_in(&web[number % 2].url(), name).await;
            for pod in &web {
                tabs.push(Listener::open(pod.http, &user.token).await);
            }
            users.push(user);
        }
        Self { web, _workers: workers, users, tabs, foreign, rig }
    }

    /// Every user places so many orders, one after the other. Returns the correlation ids by user.
    async fn order(&self, each: usize, pause: Duration) -> Vec<Vec<String>> {
        join_all(self.users.iter().map(|user| async move {
            let mut placed = Vec::new();
            for _ in 0..each {
                placed.push(user.order("AZ-700", 1).await.correlation_id);
                tokio::time::sleep(pause).await;
            }
            placed
        }))
        .await
    }

    /// Waits until both tabs of each user know that their orders are completed.
    async fn all_told(&self, orders: &[Vec<String>]) {
        for (user, orders) in orders.iter().enumerate() {
            for (pod, tab) in self.tabs[2 * user..2 * user + 2].iter().enumerate() {
                for order in orders {
                    let what = format!("the tab of user {user} on pod {pod} to know of {order}");
                    until(&what, SOON, || async { tab.knows_completed(order).then_some(()) }).await;
                }
            }
        }
    }

    /// Nobody was told anything twice or out of order.
    fn all_forward(&self) {
        for (number, tab) in self.tabs.iter().enumerate() {
            tab.told().iter().for_each(|told| assert_forward(&format!("tab {number}"), told));
        }
        assert_forward("the foreign pod", &self.foreign.told());
    }

    async fn skipped(&self) -> f64 {
        let mut skipped = 0.0;
        for pod in &self.web {
            skipped += pod.metric("contoso_signalr_versions_skipped_total", "").await;
            skipped += pod.metric("contoso_events_skipped_total", "").await;
        }
        skipped
    }
}

/// All versions of each order, each once.
fn assert_whole(whom: &str, told: &Told, orders: &[String]) {
    for order in orders {
        let heard: Vec<_> = told[order].iter().map(|(v, to)| (*v, to.as_str())).collect();
        let whole =
            [(1, "Notification"), (2, "Notification"), (3, "Notification"), (3, "OrderCompleted")];
        assert_eq!(heard, whole, "{whom} was told of {order}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_orders_are_told_in_order_once_and_without_a_skip_also_under_load() {
    let scene = Scene::set().await;
    let quiet = scene.order(50, Duration::ZERO).await;
    scene.all_told(&quiet).await;
    let stop = Arc::new(AtomicBool::new(false));
    let burners: Vec<_> = (0..2)
        .map(|_| {
            let stop = stop.clone();
            std::thread::spawn(move || while !stop.load(Ordering::Relaxed) {})
        })
        .collect();
    let loaded = scene.order(50, Duration::ZERO).await;
    scene.all_told(&loaded).await;
    stop.store(true, Ordering::Relaxed);
    burners.into_iter().for_each(|burner| burner.join().expect("a burner"));

    scene.all_forward();
    let foreign = scene.foreign.told();
    for user in 0..USERS {
        let orders = [quiet[user].as_slice(), &loaded[user]].concat();
        for tab in &scene.tabs[2 * user..2 * user + 2] {
            let told = tab.told();
            assert_eq!(told.len(), 1, "its connection stands");
            assert_whole(&format!("a tab of user {user}"), &told[0], &orders);
        }
        assert_whole("the foreign pod", &foreign, &orders);
    }
    assert_eq!(scene.skipped().await, 0.0);
    scene.foreign.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_tabs_are_told_forward_once_and_how_every_order_ends() {
    let scene = Scene::set().await;
    let pause = Duration::from_millis(100);
    for fault in [
        "pub/sub cut",
        "stream trimmed",
        "Redis wiped",
        "consumer frozen",
        "Redis frozen",
        "PUBLISH forbidden",
        "subscriber lagging",
    ] {
        let begun = std::time::Instant::now();
        let (orders, before) = tokio::join!(scene.order(30, pause), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            scene.cause(fault).await;
            scene.foreign.told()
        });
        scene.all_told(&orders).await;
        if fault == "Redis wiped" {
            // What a .NET pod heard of orders under way may be told again: nobody else remembers it.
            scene.foreign.forget(&before);
        }
        scene.all_forward();
        println!(
            "{fault}: all told within {:?}, {} skipped",
            begun.elapsed(),
            scene.skipped().await
        );
    }
    scene.foreign.leave().await;
}

impl Scene {
    async fn cause(&self, fault: &str) {
        let lasts = Duration::from_secs(2);
        match fault {
            "pub/sub cut" => drop(self.rig.redis_cli(&["CLIENT", "KILL", "TYPE", "pubsub"])),
            "stream trimmed" => {
                self.rig.redis_cli(&["XTRIM", "contoso-shop:events", "MAXLEN", "0"]);
            }
            "Redis wiped" => drop(self.rig.redis_cli(&["FLUSHALL"])),
            "consumer frozen" => {
                self.web[1].signal(Signal::SIGSTOP);
                tokio::time::sleep(lasts).await;
                self.web[1].signal(Signal::SIGCONT);
            }
            "Redis frozen" => {
                let redis = Pid::from_raw(i32::try_from(self.rig.redis.pid()).expect("a pid"));
                kill(redis, Signal::SIGSTOP).expect("stopped");
                tokio::time::sleep(lasts).await;
                kill(redis, Signal::SIGCONT).expect("continued");
            }
            "PUBLISH forbidden" => {
                self.rig.redis_cli(&["ACL", "SETUSER", "default", "-publish"]);
                tokio::time::sleep(lasts).await;
                self.rig.redis_cli(&["ACL", "SETUSER", "default", "+publish"]);
            }
            // More at once than a slow reader takes.
            "subscriber lagging" => {
                let channel = "contoso-signalrOrderStatusHub:all";
                let script = "for i = 1, 20000 do redis.call('PUBLISH', KEYS[1], ARGV[1]) end";
                self.rig.redis_cli(&["EVAL", script, "1", channel, "noise"]);
            }
            other => panic!("no fault is called {other}"),
        }
    }
}
