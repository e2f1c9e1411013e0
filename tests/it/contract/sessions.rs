use bytes::Bytes;
use contoso_shop::adapters::memory::MemorySessions;
use contoso_shop::adapters::redis::RedisSessions;
use contoso_shop::domain::UserId;
use contoso_shop::ports::{MAX_SESSION, Sessions};
use fred::interfaces::KeysInterface;

use crate::support::redis::{client, guarded};
use crate::support::redis_server::RedisServer;

/// The session of the user `a`: of a user's name only a digest is shown.
const KEY: &str = "contoso-shop:session:ca978112ca1bbdcafac231b39a23dc4d";

async fn the_last_saved_session_is_found_by_its_user_only(sessions: &dyn Sessions) {
    let (user, other) = (UserId::new("a"), UserId::new("A"));
    assert_eq!(sessions.find(&user).await.expect("find"), None);
    for session in [Bytes::from_static(b"{\"cart\":[1]}"), Bytes::from_static(&[0, 0xff, 1])] {
        sessions.save(&user, session.clone()).await.expect("save");
        assert_eq!(sessions.find(&user).await.expect("find"), Some(session));
    }
    assert_eq!(sessions.find(&other).await.expect("find"), None);
}

async fn a_session_that_is_too_large_is_refused_and_the_old_one_stays(sessions: &dyn Sessions) {
    let user = UserId::new("a");
    let largest = Bytes::from(vec![7; MAX_SESSION]);
    sessions.save(&user, largest.clone()).await.expect("save");
    let error =
        sessions.save(&user, Bytes::from(vec![8; MAX_SESSION + 1])).await.expect_err("too large");
    assert!(!error.is_transient());
    assert_eq!(sessions.find(&user).await.expect("find"), Some(largest));
}

mod memory {
    use super::MemorySessions;

    #[tokio::test]
    async fn the_last_saved_session_is_found_by_its_user_only() {
        super::the_last_saved_session_is_found_by_its_user_only(&MemorySessions::default()).await;
    }

    #[tokio::test]
    async fn a_session_that_is_too_large_is_refused_and_the_old_one_stays() {
        super::a_session_that_is_too_large_is_refused_and_the_old_one_stays(
            &MemorySessions::default(),
        )
        .await;
    }
}

mod redis {
    use super::*;

    #[tokio::test]
    async fn the_last_saved_session_is_found_by_its_user_only() {
        let server = RedisServer::start();
        super::the_last_saved_session_is_found_by_its_user_only(&RedisSessions::new(guarded(
            client(server.port),
        )))
        .await;
    }

    #[tokio::test]
    async fn a_session_that_is_too_large_is_refused_and_the_old_one_stays() {
        let server = RedisServer::start();
        super::a_session_that_is_too_large_is_refused_and_the_old_one_stays(&RedisSessions::new(
            guarded(client(server.port)),
        ))
        .await;
    }

    #[tokio::test]
    async fn every_use_renews_the_life_of_a_session() {
        let server = RedisServer::start();
        let client = client(server.port);
        let sessions = RedisSessions::new(guarded(client.clone()));
        let user = UserId::new("a");
        sessions.save(&user, Bytes::from_static(b"x")).await.expect("save");
        client.expire::<(), _>(KEY, 10, None).await.expect("expire");
        sessions.find(&user).await.expect("find");
        let ttl: i64 = client.ttl(KEY).await.expect("ttl");
        assert!(ttl > 86_000, "{ttl} s");
    }
}
