use std::sync::Arc;
use std::time::Duration;

use contoso_shop::adapters::redis::RedisWakeup;
use contoso_shop::ports::Wakeup;
use fred::interfaces::{ClientLike, PubsubInterface};
use tokio::time::timeout;

use crate::support::redis::{client, settings, subscriptions};
use crate::support::redis_server::RedisServer;
use crate::support::tasks::tasks;
use crate::support::wait::until;

const SOON: Duration = Duration::from_secs(5);

async fn hint_arrives(listener: &dyn Wakeup) -> bool {
    timeout(Duration::from_millis(200), listener.hinted()).await.is_ok()
}

async fn a_hint_wakes_once(wakeup: &dyn Wakeup) {
    while hint_arrives(wakeup).await || hint_arrives(wakeup).await {}
    wakeup.hint();
    wakeup.hint();
    assert!(hint_arrives(wakeup).await, "a hint before the wait counts");
    assert!(!hint_arrives(wakeup).await, "two hints became one");
}

async fn a_cancelled_wait_loses_no_hint(wakeup: &dyn Wakeup) {
    while hint_arrives(wakeup).await {}
    for _ in 0..20 {
        assert!(timeout(Duration::from_millis(1), wakeup.hinted()).await.is_err());
    }
    wakeup.hint();
    assert!(hint_arrives(wakeup).await);
}

struct Pod {
    wakeup: Arc<dyn Wakeup>,
    subscriptions: contoso_shop::adapters::redis::Subscriptions,
}

impl Pod {
    async fn start(port: u16) -> Self {
        let subscriptions = subscriptions(port, RedisWakeup::channels());
        let wakeup = Arc::new(RedisWakeup::start(client(port), &subscriptions, &tasks()));
        let pod = Self { wakeup, subscriptions };
        pod.subscribed().await;
        pod
    }

    async fn subscribed(&self) {
        until("the subscription", SOON, || async {
            self.subscriptions.is_complete().then_some(())
        })
        .await;
    }

    /// Forgets hints so far, such as those after a reconnect.
    async fn settle(&self) {
        while hint_arrives(&*self.wakeup).await {}
    }
}

mod memory {
    use contoso_shop::adapters::memory::LocalWakeup;

    #[tokio::test]
    async fn a_hint_wakes_once() {
        super::a_hint_wakes_once(&LocalWakeup::default()).await;
    }

    #[tokio::test]
    async fn a_cancelled_wait_loses_no_hint() {
        super::a_cancelled_wait_loses_no_hint(&LocalWakeup::default()).await;
    }
}

mod redis {
    use super::*;

    #[tokio::test]
    async fn a_hint_wakes_once() {
        let server = RedisServer::start();
        super::a_hint_wakes_once(&*Pod::start(server.port).await.wakeup).await;
    }

    #[tokio::test]
    async fn a_cancelled_wait_loses_no_hint() {
        let server = RedisServer::start();
        super::a_cancelled_wait_loses_no_hint(&*Pod::start(server.port).await.wakeup).await;
    }

    #[tokio::test]
    async fn a_hint_works_in_its_own_process_without_a_server() {
        let server = RedisServer::start();
        let pod = Pod::start(server.port).await;
        drop(server);
        super::a_hint_wakes_once(&*pod.wakeup).await;
    }

    #[tokio::test]
    async fn a_hint_reaches_every_other_process() {
        let server = RedisServer::start();
        let (a, b, c) =
            tokio::join!(Pod::start(server.port), Pod::start(server.port), Pod::start(server.port));
        tokio::join!(a.settle(), b.settle(), c.settle());
        a.wakeup.hint();
        for pod in [&a, &b, &c] {
            timeout(SOON, pod.wakeup.hinted()).await.expect("a hint");
            assert!(!hint_arrives(&*pod.wakeup).await, "once");
        }
    }

    #[tokio::test]
    async fn many_hints_are_published_as_few() {
        let server = RedisServer::start();
        let pod = Pod::start(server.port).await;
        for _ in 0..10_000 {
            pod.wakeup.hint();
        }
        pod.settle().await;
        let stats: String = client(server.port)
            .info(Some(fred::types::InfoKind::CommandStats))
            .await
            .expect("info");
        let calls = stats
            .lines()
            .find_map(|line| line.strip_prefix("cmdstat_publish:calls="))
            .expect("published");
        let calls: u32 = calls.split(',').next().and_then(|n| n.parse().ok()).expect("a number");
        assert!(calls <= 2, "{calls} for 10,000 hints in one go");
    }

    #[tokio::test]
    async fn the_subscription_comes_back_after_a_restart_and_listeners_look_once() {
        let server = RedisServer::start();
        let port = server.port;
        let (a, b) = tokio::join!(Pod::start(port), Pod::start(port));
        tokio::join!(a.settle(), b.settle());
        drop(server);
        until("the loss to be seen", SOON, || async {
            (!b.subscriptions.is_complete()).then_some(())
        })
        .await;
        let _server = RedisServer::start_on(port);
        timeout(SOON, b.wakeup.hinted()).await.expect("a hint, because one may have been missed");
        tokio::join!(a.subscribed(), b.subscribed());
        tokio::join!(a.settle(), b.settle());
        until("a hint from the other process", SOON, || async {
            a.wakeup.hint();
            hint_arrives(&*b.wakeup).await.then_some(())
        })
        .await;
    }

    #[tokio::test]
    async fn a_message_from_a_foreign_hand_is_just_a_hint() {
        let server = RedisServer::start();
        let pod = Pod::start(server.port).await;
        pod.settle().await;
        let other = contoso_shop::adapters::redis::command_client(&settings(server.port))
            .expect("good settings");
        other.publish::<(), _, _>("contoso-shop:wake:jobs", "hello").await.expect("publish");
        timeout(SOON, pod.wakeup.hinted()).await.expect("a hint");
    }
}
