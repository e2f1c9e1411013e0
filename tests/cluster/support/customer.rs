use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{Api, Placed};

/// Pause between a customer's orders.
const THINKS: Duration = Duration::from_millis(150);

/// A customer who keeps ordering and looking through an outage, repeats what failed under the same
/// idempotency key, and counts what came back.
pub struct Customer {
    leave: Arc<AtomicBool>,
    visit: JoinHandle<Tally>,
}

/// What a customer saw.
#[derive(Default)]
pub struct Tally {
    /// Answers to POST by status, every try counted.
    pub posts: BTreeMap<u16, usize>,
    /// Answers to looking at an order by status.
    pub looks: BTreeMap<u16, usize>,
    /// Answers marked with `X-Degraded`, by its value.
    pub degraded: BTreeMap<String, usize>,
    /// Answers of status 503 without Retry-After or that were not problem+json.
    pub bad_refusals: usize,
    /// Orders that were accepted in the end, each wish once.
    pub accepted: Vec<Placed>,
    /// How long each try to order took.
    pub took: Vec<Duration>,
}

impl Customer {
    /// Begins to order at the pod of `api`.
    pub fn enter(api: Api) -> Self {
        let leave = Arc::new(AtomicBool::new(false));
        let visit = tokio::spawn(visit(api, Arc::clone(&leave)));
        Self { leave, visit }
    }

    /// Ends the visit once the order at hand is accepted.
    pub async fn leave(self) -> Tally {
        self.leave.store(true, Ordering::Relaxed);
        self.visit.await.expect("the visit ends well")
    }
}

async fn visit(api: Api, leave: Arc<AtomicBool>) -> Tally {
    let mut tally = Tally::default();
    let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
    while !leave.load(Ordering::Relaxed) {
        let key = format!("wish-{}", uuid::Uuid::new_v4());
        let placed = loop {
            let began = Instant::now();
            let request = api
                .request(Method::POST, "/api/orders")
                .header("Idempotency-Key", &key)
                .json(&body);
            let answer = request.send().await.expect("an answer");
            tally.took.push(began.elapsed());
            let status = tally.note(&answer, |tally| &mut tally.posts);
            if status == 201 {
                break Placed::from_body(answer.json().await.expect("JSON"));
            }
            tokio::time::sleep(THINKS).await;
        };
        let path = format!("/api/orders/by-correlation/{}/status", placed.correlation_id);
        let look = api.request(Method::GET, &path).send().await.expect("an answer");
        tally.note(&look, |tally| &mut tally.looks);
        tally.accepted.push(placed);
        tokio::time::sleep(THINKS).await;
    }
    tally
}

impl Tally {
    fn note(
        &mut self,
        answer: &reqwest::Response,
        kind: fn(&mut Self) -> &mut BTreeMap<u16, usize>,
    ) -> u16 {
        let status = answer.status().as_u16();
        *kind(self).entry(status).or_default() += 1;
        for mark in answer.headers().get_all("x-degraded") {
            *self.degraded.entry(mark.to_str().expect("text").to_owned()).or_default() += 1;
        }
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        if status == 503
            && (header("retry-after").is_empty()
                || header("content-type") != "application/problem+json")
        {
            self.bad_refusals += 1;
        }
        status
    }

    /// Waits until every accepted order is completed, and checks that the shop has exactly those of
    /// this customer.
    pub async fn reconcile(&self, api: &Api, before: usize, deadline: Duration) {
        for order in &self.accepted {
            api.wait_status(&order.correlation_id, "Completed", deadline).await;
        }
        let list: Value = api
            .request(Method::GET, "/api/orders")
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        assert_eq!(list["total"], before + self.accepted.len(), "none lost, none doubled");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut took = self.took.clone();
        took.sort();
        let at = |share: f64| {
            took.get((took.len() as f64 * share) as usize).copied().unwrap_or_default()
        };
        write!(
            f,
            "POST by status {:?}, looks by status {:?}, degraded {:?}, {} orders accepted; POST p50 {:?}, p99 {:?}",
            self.posts,
            self.looks,
            self.degraded,
            self.accepted.len(),
            at(0.5),
            at(0.99)
        )
    }
}
