//! V-13 over the wire: who gets in, and who sees what. The token matrix itself is in the in-process
//! tests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::pod::SIGNING_KEY;
use crate::support::{Api, RawTab, Rig};

#[tokio::test(flavor = "multi_thread")]
async fn v13_the_query_token_opens_the_hub_and_nothing_else() {
    let rig = Rig::new();
    let web = rig.pod("web", &[("SignalR__AllowedOrigins", "https://shop.example")]).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    RawTab::open(web.http, &user.token).await;

    let hub = format!("ws://127.0.0.1:{}/hubs/order-status", web.http);
    assert_eq!(RawTab::refused(&hub).await, 401, "no token");
    assert_eq!(RawTab::refused(&format!("{hub}?access_token=nonsense")).await, 401, "a bad token");

    let api = reqwest::get(format!("{}/api/orders?access_token={}", web.url(), user.token))
        .await
        .expect("an answer");
    assert_eq!(api.status(), 401, "the API takes the header only");
    assert_eq!(api.headers()["www-authenticate"], "Bearer");
    let problem: Value = api.json().await.expect("JSON");
    assert!(!problem.to_string().contains(&user.token), "the token is not echoed: {problem}");
    assert!(!web.log().contains(&user.token), "nor logged");
    assert!(web.log().contains("development mode, because Jwt__Mode says so"), "the mode is told");
}

/// The token with another claim `sub`, signed with the key of the rig's pods.
fn with_subject(token: &str, subject: Option<&str>) -> String {
    let claims = token.split('.').nth(1).expect("claims");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let mut claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["sub"] = json!(subject);
    if subject.is_none() {
        claims.as_object_mut().expect("an object").remove("sub");
    }
    let key = EncodingKey::from_secret(SIGNING_KEY.as_bytes());
    encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token")
}

#[tokio::test(flavor = "multi_thread")]
async fn v13_a_hub_token_that_names_nobody_is_403() {
    let rig = Rig::new();
    let web = rig.pod("web", &[]).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    RawTab::open(web.http, &with_subject(&user.token, Some("bob"))).await;
    for nobody in [None, Some("")] {
        let token = with_subject(&user.token, nobody);
        let hub = format!("ws://127.0.0.1:{}/hubs/order-status?access_token={token}", web.http);
        assert_eq!(RawTab::refused(&hub).await, 403, "{nobody:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn v13_a_strangers_order_is_out_of_reach() {
    let rig = Rig::new();
    let web = rig.pod("web", &[]).await;
    let ada = Api::sign_in(&web.url(), "ada").await;
    let mallory = Api::sign_in(&web.url(), "mallory").await;
    let order = ada.order("AZ-700", 1).await;
    mallory.order("AZ-700", 1).await;

    let read = mallory
        .request(Method::GET, &format!("/api/orders/{}", order.id))
        .send()
        .await
        .expect("an answer");
    assert_eq!(read.status(), 404);
    assert_eq!(mallory.status(&order.correlation_id).await, None);
    let delete = mallory
        .request(Method::DELETE, &format!("/api/orders/{}", order.id))
        .send()
        .await
        .expect("an answer");
    assert_eq!(delete.status(), 403);
    assert_eq!(ada.status(&order.correlation_id).await.as_deref(), Some("Accepted"));

    let mut tab = RawTab::open(web.http, &mallory.token).await;
    for (id, cid) in
        [("1", order.correlation_id.as_str()), ("2", "0192f000-0000-7000-8000-000000000000")]
    {
        let call = json!({ "type": 1, "invocationId": id, "target": "GetCurrentStatus", "arguments": [cid] });
        tab.send(&call.to_string()).await;
        let answer = tab.next(std::time::Duration::from_secs(5)).await;
        assert_eq!(answer, json!({ "type": 3, "invocationId": id, "result": null }));
    }
    let call = json!({ "type": 1, "invocationId": "3", "target": "RegisterOrder", "arguments": [order.correlation_id] });
    tab.send(&call.to_string()).await;
    let answer = tab.next(std::time::Duration::from_secs(5)).await;
    assert!(answer["error"].is_string(), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_setting_opens_api_and_hub_to_a_page_from_elsewhere() {
    const PAGE: &str = "https://shop.example";
    let rig = Rig::new();
    let web = rig.pod("web", &[("Cors__AllowedOrigins", PAGE)]).await;
    let user = Api::sign_in(&web.url(), "ada").await;
    let hub = "/hubs/order-status/negotiate?negotiateVersion=1";
    for (method, path) in [(Method::GET, "/api/orders"), (Method::POST, hub)] {
        let preflight = reqwest::Client::new()
            .request(Method::OPTIONS, format!("{}{path}", web.url()))
            .header("Origin", PAGE)
            .header("Access-Control-Request-Method", method.as_str())
            .header("Access-Control-Request-Headers", "authorization");
        let call = user.request(method, path).header("Origin", PAGE);
        for request in [preflight, call] {
            let answer = request.send().await.expect("an answer");
            assert!(answer.status().is_success(), "{path}: {}", answer.status());
            assert_eq!(answer.headers()["access-control-allow-origin"], PAGE);
        }
    }
    let foreign = user.request(Method::POST, hub).header("Origin", "https://evil.example");
    assert_eq!(foreign.send().await.expect("an answer").status(), 403);
}
