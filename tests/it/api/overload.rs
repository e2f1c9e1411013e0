use std::time::Duration;

use contoso_shop::http::HttpSettings;

use super::doubles::Mood;
use super::server::{Server, Setup};
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
