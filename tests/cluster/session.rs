//! V-17: a cart saved on one pod is read on the other, also when the first one is gone.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, Rig};

async fn cart(user: &Api) -> Value {
    let answer = user.request(Method::GET, "/api/session").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn v17_a_cart_survives_the_pod_it_was_saved_on() {
    let rig = Rig::new();
    let a = rig.pod("web", &[]).await;
    let b = rig.pod("web", &[]).await;
    let on_a = Api::sign_in(&a.url(), "ada").await;
    let on_b = on_a.at(&b.url());
    let saved = json!({ "version": 3, "cart": [{ "productId": "AZ-700", "quantity": 2 }], "preferences": { "view": "list" } });
    let answer =
        on_a.request(Method::PUT, "/api/session").json(&saved).send().await.expect("an answer");
    assert_eq!(answer.status(), 204);
    assert_eq!(cart(&on_b).await, saved);
    let keys = rig.redis_cli(&["KEYS", "contoso-shop:session:*"]);
    let key = keys[0].as_str().expect("one session");
    let ttl = rig.redis_cli(&["TTL", key]).as_i64().expect("seconds");
    assert!((86_000..=86_400).contains(&ttl), "{ttl}");

    a.kill();
    assert_eq!(cart(&on_b).await, saved, "intact");
    let late = json!({ "version": 2, "cart": [] });
    let refused =
        on_b.request(Method::PUT, "/api/session").json(&late).send().await.expect("an answer");
    assert_eq!(refused.status(), 409, "an older page does not undo it");
    let c = rig.pod("web", &[]).await;
    assert_eq!(cart(&on_b.at(&c.url())).await, saved, "a new pod has it too");
    let stranger = Api::sign_in(&b.url(), "bob").await;
    assert_eq!(cart(&stranger).await["cart"], json!([]));
}
