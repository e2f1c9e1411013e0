use std::sync::Arc;
use std::time::Duration;

use contoso_shop::adapters::memory::MemoryStatusCopy;
use contoso_shop::adapters::redis::RedisStatusCopy;
use contoso_shop::domain::{
    CorrelationId, OrderId, OrderSnapshot, OrderStatus, OrderVersion, Timestamp, UserId,
};
use contoso_shop::ports::{CopiedStatus, StatusCopy};

use crate::support::redis::{client, guarded};
use crate::support::redis_server::RedisServer;
use crate::support::wait::until;

const LONG: Duration = Duration::from_secs(1800);

fn snapshot(id: CorrelationId, status: OrderStatus) -> OrderSnapshot {
    OrderSnapshot {
        order_id: OrderId(7),
        correlation_id: id,
        user: UserId::new("user|ü 1"),
        status,
        version: OrderVersion::usual(status),
        updated_at: Timestamp::from_micros(0),
    }
}

async fn status(copy: &dyn StatusCopy, id: CorrelationId) -> Option<OrderStatus> {
    copy.read(id).await.expect("read").map(|order| order.status)
}

async fn what_was_written_can_be_read(copy: &dyn StatusCopy) {
    let id = CorrelationId::generate();
    assert_eq!(copy.read(id).await.expect("read"), None);
    assert_eq!(copy.owner(id).await.expect("owner"), None);
    for status in [OrderStatus::Accepted, OrderStatus::Processing, OrderStatus::Completed] {
        let order = snapshot(id, status);
        copy.write(&order).await.expect("write");
        assert_eq!(copy.read(id).await.expect("read"), Some(CopiedStatus::from(&order)));
        assert_eq!(copy.owner(id).await.expect("owner"), Some(order.user));
    }
    assert_eq!(copy.read(CorrelationId::generate()).await.expect("read"), None, "another order");
}

async fn the_status_never_goes_back(copy: &dyn StatusCopy) {
    for first in 1..5 {
        for second in 1..5 {
            let id = CorrelationId::generate();
            // Whatever the statuses are: a requeued order goes from Failed to Accepted.
            let at = |version| OrderSnapshot {
                version: OrderVersion::new(version),
                ..snapshot(id, OrderStatus::ALL[5 - version as usize])
            };
            copy.write(&at(first)).await.expect("write");
            copy.write(&at(second)).await.expect("write");
            let read = copy.read(id).await.expect("read");
            let expected = CopiedStatus::from(&at(first.max(second)));
            assert_eq!(read, Some(expected), "{first} then {second}");
        }
    }
}

/// The race of X-07: acceptor and worker write at the same time, 200 times.
async fn a_late_acceptor_does_no_harm(copy: &dyn StatusCopy) {
    for _ in 0..200 {
        let id = CorrelationId::generate();
        let (accepted, processing) =
            (snapshot(id, OrderStatus::Accepted), snapshot(id, OrderStatus::Processing));
        let (a, b) = tokio::join!(copy.write(&accepted), copy.write(&processing));
        a.and(b).expect("write");
        assert_eq!(status(copy, id).await, Some(OrderStatus::Processing));
    }
}

/// `copy` must have a time to live of 300 ms.
async fn values_expire_unless_they_are_touched(copy: &dyn StatusCopy) {
    let (kept, left) = (CorrelationId::generate(), CorrelationId::generate());
    copy.write(&snapshot(kept, OrderStatus::Accepted)).await.expect("write");
    copy.write(&snapshot(left, OrderStatus::Accepted)).await.expect("write");
    until("the order nobody touches to expire", Duration::from_secs(5), || async {
        copy.touch(kept).await.expect("touch");
        copy.read(left).await.expect("read").is_none().then_some(())
    })
    .await;
    assert_eq!(status(copy, kept).await, Some(OrderStatus::Accepted));
    copy.touch(left).await.expect("touching what is gone is no error");
    assert_eq!(copy.read(left).await.expect("read"), None);
}

macro_rules! suite {
    ($back_end:ident: |$ttl:ident| $make:expr) => {
        mod $back_end {
            use super::*;

            #[tokio::test]
            async fn what_was_written_can_be_read() {
                let $ttl = LONG;
                let (copy, _server) = $make;
                super::what_was_written_can_be_read(&copy).await;
            }

            #[tokio::test]
            async fn the_status_never_goes_back() {
                let $ttl = LONG;
                let (copy, _server) = $make;
                super::the_status_never_goes_back(&copy).await;
            }

            #[tokio::test]
            async fn a_late_acceptor_does_no_harm() {
                let $ttl = LONG;
                let (copy, _server) = $make;
                super::a_late_acceptor_does_no_harm(&copy).await;
            }

            #[tokio::test]
            async fn values_expire_unless_they_are_touched() {
                let $ttl = Duration::from_millis(300);
                let (copy, _server) = $make;
                super::values_expire_unless_they_are_touched(&copy).await;
            }
        }
    };
}

suite!(memory: |ttl| (MemoryStatusCopy::new(ttl), ()));
suite!(redis: |ttl| {
    let server = RedisServer::start();
    (RedisStatusCopy::new(guarded(client(server.port)), ttl), server)
});

mod redis_layout {
    use fred::interfaces::{KeysInterface, LuaInterface};

    use super::*;

    #[tokio::test]
    async fn keys_and_values_are_the_seeds() {
        let server = RedisServer::start();
        let client = client(server.port);
        let copy = RedisStatusCopy::new(guarded(client.clone()), LONG);
        let id = CorrelationId::generate();
        copy.write(&snapshot(id, OrderStatus::Accepted)).await.expect("write");
        for (key, value) in [("map", "user|ü 1"), ("status", "ACCEPTED"), ("id", "7")] {
            let key = format!("order:{key}:{id}");
            assert_eq!(client.get::<String, _>(&key).await.expect("get"), value);
            let ttl: i64 = client.ttl(&key).await.expect("ttl");
            assert!((1790..=1800).contains(&ttl), "{key} lives {ttl} s");
        }
    }

    #[tokio::test]
    async fn a_server_that_forgot_the_script_is_taught_again() {
        let server = RedisServer::start();
        let client = client(server.port);
        let copy: Arc<dyn StatusCopy> =
            Arc::new(RedisStatusCopy::new(guarded(client.clone()), LONG));
        let id = CorrelationId::generate();
        copy.write(&snapshot(id, OrderStatus::Accepted)).await.expect("write");
        client.script_flush(false).await.expect("script flush");
        copy.write(&snapshot(id, OrderStatus::Processing)).await.expect("write");
        assert_eq!(status(&*copy, id).await, Some(OrderStatus::Processing));
    }

    #[tokio::test]
    async fn a_value_in_foreign_words_is_replaced_and_unreadable_until_then() {
        let server = RedisServer::start();
        let client = client(server.port);
        let copy = RedisStatusCopy::new(guarded(client.clone()), LONG);
        let id = CorrelationId::generate();
        client
            .set::<(), _, _>(format!("order:status:{id}"), "COMPLETED|7", None, None, false)
            .await
            .expect("set");
        assert_eq!(copy.read(id).await.expect("read"), None);
        copy.write(&snapshot(id, OrderStatus::Accepted)).await.expect("write");
        assert_eq!(status(&copy, id).await, Some(OrderStatus::Accepted));
    }
}
