//! V-24: a burst per user and per address over two pods shares one limit; with Redis down each pod
//! keeps the limit itself.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Api, Pod, Rig};

const LIMITS: [(&str, &str); 5] = [
    ("RateLimits__Enabled", "true"),
    ("RateLimits__OrdersPerMinute", "6"),
    ("RateLimits__RequestsPerMinute", "30"),
    ("RateLimits__ConnectionsPerMinute", "3"),
    ("Http__TrustedProxies", "127.0.0.0/8"),
];

/// How many of `tries` requests passed, and how long they took. Every refusal must be as X-21 wants
/// it.
async fn burst<F: Future<Output = reqwest::Response>>(
    tries: usize,
    request: impl Fn(usize) -> F,
) -> (usize, Duration) {
    let start = Instant::now();
    let mut passed = 0;
    for index in 0..tries {
        let answer = request(index).await;
        if answer.status() != StatusCode::TOO_MANY_REQUESTS {
            passed += 1;
            continue;
        }
        let header = |name: &str| {
            answer.headers()[name].to_str().expect("text").parse::<u64>().expect("a number")
        };
        assert!(
            header("retry-after") >= 1
                && header("ratelimit-reset") >= 1
                && header("ratelimit-limit") >= 3
        );
        assert_eq!(header("ratelimit-remaining"), 0);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.expect("JSON");
        assert_eq!(
            (&problem["status"], &problem["type"]),
            (&json!(429), &json!("urn:contoso-shop:problem:too-many-requests"))
        );
    }
    (passed, start.elapsed())
}

async fn order(pod: &Pod, user: &Api) -> reqwest::Response {
    let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
    let request =
        reqwest::Client::new().post(format!("{}/api/orders", pod.url())).bearer_auth(&user.token);
    request.json(&body).send().await.expect("an answer")
}

async fn get(pod: &Pod, address: &str, path: &str) -> reqwest::Response {
    let request = reqwest::Client::new().request(Method::GET, format!("{}{path}", pod.url()));
    request.header("x-forwarded-for", address).send().await.expect("an answer")
}

/// What a limit of `permits` a minute lets through in a burst that took so long.
fn fits(passed: usize, permits: usize, took: Duration) -> bool {
    (permits..=permits + 1 + permits * took.as_secs() as usize / 60).contains(&passed)
}

#[tokio::test(flavor = "multi_thread")]
async fn v24_two_pods_share_one_limit_and_keep_it_apart_when_redis_is_down() {
    let mut rig = Rig::new();
    let pods = [rig.pod("web", &LIMITS).await, rig.pod("web", &LIMITS).await];
    let ada = Api::sign_in(&pods[0].url(), "ada").await;
    let bob = Api::sign_in(&pods[0].url(), "bob").await;

    let (passed, took) = burst(14, |index| order(&pods[index % 2], &ada)).await;
    assert!(fits(passed, 6, took), "{passed} of ada's orders in {took:?}");
    assert_eq!(order(&pods[1], &bob).await.status(), 201, "bob has a limit of his own");

    let (passed, took) =
        burst(44, |index| get(&pods[index % 2], "198.51.100.7", "/api/products?size=1")).await;
    assert!(fits(passed, 30, took), "{passed} requests in {took:?}");
    assert_eq!(
        get(&pods[0], "198.51.100.7", "/api/orders").await.status(),
        429,
        "before the token is asked for"
    );
    assert_eq!(get(&pods[0], "198.51.100.8", "/api/orders").await.status(), 401);
    assert_eq!(
        get(&pods[0], "198.51.100.7, 198.51.100.8", "/api/orders").await.status(),
        401,
        "the last hop counts"
    );

    let (passed, took) =
        burst(6, |index| get(&pods[index % 2], "198.51.100.9", "/hubs/order-status")).await;
    assert!(fits(passed, 3, took), "{passed} connections in {took:?}");
    for pod in &pods {
        assert!(pod.metric("contoso_rate_limited_total", "limit=\"orders\"").await >= 1.0);
    }

    rig.redis.stop();
    let eve = Api::sign_in(&pods[0].url(), "eve").await;
    for pod in &pods {
        let (passed, took) = burst(10, |_| order(pod, &eve)).await;
        assert!(fits(passed, 6, took), "{passed} of eve's orders on one pod in {took:?}");
        assert!(took < Duration::from_secs(15), "limits do not wait for Redis: {took:?}");
        assert!(pod.metric("contoso_rate_limit_fallbacks_total", "").await >= 6.0);
    }
}
