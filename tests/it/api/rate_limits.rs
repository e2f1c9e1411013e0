use std::time::Duration;

use contoso_shop::http::{HttpSettings, Limits};
use contoso_shop::ports::RateLimit;
use reqwest::Method;

use super::answer::Answer;
use super::server::{Server, Setup, keyboard};

async fn limited(orders: u32, requests: u32) -> Server {
    limited_behind(&["127.0.0.0/8"], orders, requests).await
}

/// Limits with these trusted proxies.
async fn limited_behind(proxies: &[&str], orders: u32, requests: u32) -> Server {
    let hourly = |permits| RateLimit { permits, per: Duration::from_secs(3600) };
    let settings = HttpSettings {
        limits: Some(Limits {
            orders: hourly(orders),
            requests: hourly(requests),
            connections: hourly(requests),
        }),
        trusted_proxies: proxies.iter().map(|net| net.parse().expect("a network")).collect(),
        ..HttpSettings::default()
    };
    Server::with(Setup { settings, ..Setup::default() }).await
}

async fn from(server: &Server, address: &str, path: &str) -> Answer {
    server.call(Method::GET, path, &[("x-forwarded-for", address)], "").await
}

#[tokio::test]
async fn an_address_is_limited_before_its_token_is_looked_at_and_others_are_not() {
    let server = limited(100, 3).await;
    for left in ["2", "1", "0"] {
        let answer = from(&server, "192.0.2.1", "/api/orders").await.expect(401);
        assert_eq!(
            (answer.header("ratelimit-limit"), answer.header("ratelimit-remaining")),
            ("3", left)
        );
    }
    let refused = from(&server, "192.0.2.1", "/api/products").await.expect(429);
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=1200).contains(&wait), "{wait}");
    assert!(refused.header("ratelimit-reset").parse::<u64>().expect("seconds") >= wait);
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    assert_eq!(refused.header("x-content-type-options"), "nosniff");
    let token =
        server.call(Method::POST, "/dev/token", &[("x-forwarded-for", "192.0.2.1")], "").await;
    token.expect(429);
    let hub = server
        .client
        .get(format!("{}/hubs/order-status", server.base))
        .header("x-forwarded-for", "192.0.2.1");
    assert_ne!(
        hub.send().await.expect("an answer").status(),
        429,
        "hubs have a limit of their own"
    );
    from(&server, "192.0.2.2", "/api/products").await.expect(200);
    from(&server, "192.0.2.1", "/openapi.json").await.expect(200);
}

#[tokio::test]
async fn a_user_is_limited_wherever_the_orders_come_from_and_others_are_not() {
    let server = limited(2, 100).await;
    for left in ["1", "0"] {
        let placed = server.post("ann", None, &keyboard(1)).await.expect(201);
        assert_eq!(
            (placed.header("ratelimit-limit"), placed.header("ratelimit-remaining")),
            ("2", left)
        );
    }
    let refused = server.post("ann", None, &keyboard(1)).await.expect(429);
    assert_eq!(refused.header("ratelimit-limit"), "2");
    server.post("bob", None, &keyboard(1)).await.expect(201);
    server.get("ann", "/api/orders").await.expect(200);
}

#[tokio::test]
async fn this_very_machine_has_no_limit_for_its_address() {
    let server = limited(100, 1).await;
    for _ in 0..5 {
        let answer = server.call(Method::GET, "/api/products", &[], "").await.expect(200);
        assert_eq!(answer.header("ratelimit-limit"), "");
    }
}

#[tokio::test]
async fn no_spelling_of_a_path_escapes_its_limit() {
    let server = limited(100, 3).await;
    for (path, status) in [
        ("/%61pi/products", 200),
        ("/a%70i/orders", 401),
        ("/api/no-such-thing", 404),
        ("/%61pi/products", 429),
        ("/api/products", 429),
        ("/%64ev/token", 429),
    ] {
        let answer = from(&server, "192.0.2.1", path).await;
        assert_eq!(answer.status, status, "{path}");
    }
    for status in [404, 404, 404, 429] {
        from(&server, "192.0.2.1", "/h%75bs/order-status").await.expect(status);
    }
}

#[tokio::test]
async fn a_proxy_on_this_machine_that_is_not_trusted_does_not_free_everybody() {
    let server = limited_behind(&[], 100, 2).await;
    for header in ["x-forwarded-for", "forwarded"] {
        let forwarded = [(header, "192.0.2.1")];
        server.call(Method::GET, "/api/products", &forwarded, "").await.expect(200);
    }
    let another = [("x-forwarded-for", "192.0.2.2")];
    server.call(Method::GET, "/api/products", &another, "").await.expect(429);
    server.call(Method::GET, "/api/products", &[], "").await.expect(200);
}
