use std::time::Duration;

use serde_json::{Value, json};

use crate::support::until;

/// A signed-in caller of the API.
#[derive(Clone)]
pub struct Api {
    base: String,
    /// The caller's token.
    pub token: String,
    client: reqwest::Client,
}

/// An accepted order.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Row number.
    pub id: i64,
    /// Workflow id.
    pub correlation_id: String,
    /// Body of the answer.
    pub body: Value,
}

impl Api {
    /// Signs `user` in with a development token of the pod (or front door) at `base`.
    pub async fn sign_in(base: &str, user: &str) -> Self {
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client");
        let answer = client
            .post(format!("{base}/dev/token"))
            .json(&json!({ "userId": user }))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200, "a development token");
        let body: Value = answer.json().await.expect("JSON");
        Self {
            base: base.to_owned(),
            token: body["token"].as_str().expect("a token").to_owned(),
            client,
        }
    }

    /// A caller with a token from elsewhere.
    pub fn with_token(base: &str, token: &str) -> Self {
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client");
        Self { base: base.to_owned(), token: token.to_owned(), client }
    }

    /// The same caller at another pod.
    pub fn at(&self, base: &str) -> Self {
        Self::with_token(base, &self.token)
    }

    /// A request with the caller's token.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// Orders one product.
    pub async fn order(&self, product: &str, quantity: u32) -> Placed {
        let body = json!({ "items": [{ "productId": product, "quantity": quantity }] });
        let answer = self
            .request(reqwest::Method::POST, "/api/orders")
            .json(&body)
            .send()
            .await
            .expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert_eq!(status, 201, "{text}");
        Placed::from_body(serde_json::from_str(&text).expect("JSON"))
    }

    /// The order's status, by its correlation id.
    pub async fn status(&self, correlation_id: &str) -> Option<String> {
        let path = format!("/api/orders/by-correlation/{correlation_id}/status");
        let answer = self.request(reqwest::Method::GET, &path).send().await.ok()?;
        let body: Value = answer.error_for_status().ok()?.json().await.ok()?;
        body["status"].as_str().map(str::to_owned)
    }

    /// Waits until the order has this status.
    pub async fn wait_status(&self, correlation_id: &str, wanted: &str, deadline: Duration) {
        let what = format!("order {correlation_id} to be {wanted}");
        until(&what, deadline, || async {
            (self.status(correlation_id).await.as_deref() == Some(wanted)).then_some(())
        })
        .await;
    }
}

impl Placed {
    /// Reads the answer to an order.
    pub fn from_body(body: Value) -> Self {
        Self {
            id: body["id"].as_i64().expect("an id"),
            correlation_id: body["correlationId"].as_str().expect("a correlation id").to_owned(),
            body,
        }
    }
}
