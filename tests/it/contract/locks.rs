use std::sync::Arc;
use std::time::Duration;

use contoso_shop::adapters::memory::MemoryLocks;
use contoso_shop::adapters::redis::RedisLocks;
use contoso_shop::app::{Locked, under_lock};
use contoso_shop::ports::{HeldLock, Locks, SystemClock};

use crate::support::redis::{client, guarded};
use crate::support::redis_server::RedisServer;
use crate::support::wait::until;

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(100);
const SOON: Duration = Duration::from_secs(5);

async fn taken(locks: &dyn Locks, name: &str, lease: Duration) -> HeldLock {
    until("the lock to be free", SOON, || async {
        locks.acquire(name, lease).await.expect("acquire")
    })
    .await
}

async fn one_holds_it_until_release(locks: &dyn Locks) {
    let held = taken(locks, "a", LONG).await;
    assert_eq!(locks.acquire("a", LONG).await.expect("acquire"), None);
    taken(locks, "b", LONG).await;
    assert!(locks.release(&held).await.expect("release"));
    assert!(!locks.release(&held).await.expect("release"), "only once");
    taken(locks, "a", LONG).await;
}

async fn of_many_that_race_one_wins(locks: &dyn Locks) {
    for round in 0..20 {
        let name = format!("race {round}");
        let tries =
            futures_util::future::join_all((0..20).map(|_| locks.acquire(&name, LONG))).await;
        assert_eq!(
            tries.into_iter().filter(|held| held.as_ref().expect("acquire").is_some()).count(),
            1
        );
    }
}

async fn a_lease_runs_out_unless_it_is_renewed(locks: &dyn Locks) {
    let held = taken(locks, "a", SHORT).await;
    for _ in 0..8 {
        tokio::time::sleep(SHORT / 4).await;
        assert!(locks.renew(&held, SHORT).await.expect("renew"));
    }
    assert_eq!(
        locks.acquire("a", LONG).await.expect("acquire"),
        None,
        "renewed past its first end"
    );
    taken(locks, "a", LONG).await;
}

async fn a_late_holder_can_do_no_harm(locks: &dyn Locks) {
    let late = taken(locks, "a", SHORT).await;
    taken(locks, "a", LONG).await;
    assert!(!locks.renew(&late, LONG).await.expect("renew"));
    assert!(!locks.release(&late).await.expect("release"));
    assert_eq!(locks.acquire("a", LONG).await.expect("acquire"), None, "still the next holder's");
}

async fn work_under_a_lock_outlives_its_lease_and_frees_it(locks: &dyn Locks) {
    let done = under_lock(locks, "a", SHORT, |_| async {
        tokio::time::sleep(SHORT * 4).await;
        assert_eq!(locks.acquire("a", LONG).await.expect("acquire"), None);
        7
    });
    assert_eq!(done.await.expect("locked"), Locked::Done(7));
    let held = locks.acquire("a", LONG).await.expect("acquire").expect("it is free at once");
    assert_eq!(under_lock(locks, "a", SHORT, |_| async {}).await.expect("locked"), Locked::Busy);
    assert!(locks.release(&held).await.expect("release"));
    let stolen = under_lock(locks, "a", SHORT, |held| async move {
        locks.release(&held).await.expect("release");
        std::future::pending::<()>().await;
    });
    assert_eq!(stolen.await.expect("locked"), Locked::Lost);
}

macro_rules! suite {
    ($back_end:ident: $make:expr; $($promise:ident),+ $(,)?) => {
        mod $back_end {
            use super::*;

            $(#[tokio::test]
            async fn $promise() {
                let (locks, _server) = $make;
                super::$promise(&locks).await;
            })+
        }
    };
    ($($back_end:ident: $make:expr;)+) => {
        $(suite!($back_end: $make;
            one_holds_it_until_release,
            of_many_that_race_one_wins,
            a_lease_runs_out_unless_it_is_renewed,
            a_late_holder_can_do_no_harm,
            work_under_a_lock_outlives_its_lease_and_frees_it,
        );)+
    };
}

fn redis() -> (RedisLocks, RedisServer) {
    let server = RedisServer::start();
    (RedisLocks::new(guarded(client(server.port))), server)
}

suite! {
    memory: (MemoryLocks::new(Arc::new(SystemClock)), ());
    redis: redis();
}
