use std::time::Duration;

use contoso_shop::adapters::mssql::MssqlStore;
use contoso_shop::domain::CorrelationId;
use contoso_shop::http::HttpSettings;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::doubles::Mood;
use super::server::{Server, Setup};
use crate::mssql::double::{Double, Reply};
use crate::mssql::samples::{PLACE, SNAPSHOT, options, snapshot_set};
use crate::support::wait::until;

#[tokio::test]
async fn requests_beyond_the_cap_are_shed_at_once() {
    let settings = HttpSettings { max_in_flight: 1, ..HttpSettings::default() };
    let server = Server::with(Setup { settings, ..Setup::default() }).await;
    server.orders.set(Mood::Held);
    let first = server.get("ann", "/api/orders");
    let second = async {
        until("the first request", Duration::from_secs(5), async || {
            (server.orders.entered() == 1).then_some(())
        })
        .await;
        let second = server.get("ann", "/api/products").await;
        server.orders.set(Mood::Well);
        second
    };
    let (first, second) = tokio::join!(first, second);
    second.expect(503);
    first.expect(200);
    server.get("ann", "/api/products").await.expect(200);
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_ended() {
    let settings = HttpSettings { deadline: Duration::from_millis(100), ..HttpSettings::default() };
    let server = Server::with(Setup { settings, ..Setup::default() }).await;
    server.orders.set(Mood::Held);
    server.get("ann", "/api/orders").await.expect(503);
    server.orders.set(Mood::Well);
    server.get("ann", "/api/orders").await.expect(200);
}

/// V-23: four connections, each with a request that SQL Server does not answer yet.
#[tokio::test]
async fn a_request_that_gets_no_connection_of_the_pool_is_told_to_come_again() {
    let double = Double::start().await;
    let mut options = options(&double, "Max Pool Size=4");
    options.pool.acquire_timeout = Duration::from_millis(200);
    let store = MssqlStore::connect(options).expect("options");
    let setup = Setup { stores: Some(store.stores()), ..Setup::default() };
    let server = Server::with(setup).await;
    let (order, answered) = (CorrelationId::generate(), CancellationToken::new());
    let reply = Reply::Hold(answered.clone(), vec![snapshot_set(order, "ACCEPTED")]);
    double.always(SNAPSHOT, reply);
    let path = format!("/api/orders/by-correlation/{order}/status");
    let held = || server.get("ada", &path);
    let refused = async {
        until("four statements", Duration::from_secs(5), async || {
            (double.requests(SNAPSHOT).len() == 4).then_some(())
        })
        .await;
        let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
        for answer in [server.get("ada", &path).await, server.post("ada", None, &body).await] {
            let answer = answer.expect(503);
            assert!(!answer.header("retry-after").is_empty());
        }
        assert!(double.requests(PLACE).is_empty(), "nothing of the order was sent");
        answered.cancel();
    };
    let (first, second, third, fourth, ()) = tokio::join!(held(), held(), held(), held(), refused);
    for answer in [first, second, third, fourth] {
        answer.expect(200);
    }
    server.get("ada", &path).await.expect(200);
}
