//! Answers given without Redis say so (S1-Flow-2c, S1-Res-4). Those without SQL are with the things
//! they are about.

use std::sync::Arc;

use contoso_shop::ports::Availability;

use super::doubles::Mood;
use super::server::{Server, Setup, keyboard};

struct Out;

impl Availability for Out {
    fn is_available(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn every_api_answer_says_that_redis_is_out_and_none_fails_for_it() {
    let server = Server::with(Setup { redis: Some(Arc::new(Out)), ..Setup::default() }).await;
    server.copy.stage.set(Mood::Out);
    let order = server.post("ann", None, &keyboard(1)).await.expect(201);
    assert_eq!(order.header("x-degraded"), "redis");
    let id = order.body["id"].as_i64().expect("an id");
    for path in
        ["/api/orders".to_owned(), format!("/api/orders/{id}"), format!("/api/orders/{id}/status")]
    {
        assert_eq!(
            server.get("ann", &path).await.expect(200).header("x-degraded"),
            "redis",
            "{path}"
        );
    }
    server.get("ann", "/api/orders/4242").await.expect(404);
    server.orders.set(Mood::Out);
    let both = server.get("ann", "/api/orders").await.expect(503);
    assert_eq!((both.header("x-degraded"), both.header("retry-after")), ("redis", "7"));
}
