//! Customers who do not give up.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::Api;

const PER_SECOND: u32 = 30;
/// How long one try may take.
const TRY: Duration = Duration::from_secs(5);

/// An order that was accepted: its user's number and its correlation id.
pub type Accepted = (usize, String);

/// Orders at a steady rate.
pub struct Orders {
    stop: CancellationToken,
    clock: JoinHandle<()>,
    tracker: TaskTracker,
    accepted: Arc<Mutex<Vec<Accepted>>>,
    count: Arc<AtomicUsize>,
}

impl Orders {
    /// Begins to order: by turns for each user, at each of the pods on `ports`.
    pub fn begin(users: Vec<Api>, ports: [u16; 2]) -> Self {
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let accepted = Arc::<Mutex<Vec<Accepted>>>::default();
        let count = Arc::<AtomicUsize>::default();
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
        let (until, tasks) = (stop.clone(), tracker.clone());
        let (book, counter) = (accepted.clone(), count.clone());
        let clock = tokio::spawn(async move {
            for number in 0.. {
                if until.run_until_cancelled(ticks.tick()).await.is_none() {
                    return;
                }
                let user = number % users.len();
                let api = users[user].clone();
                let (book, counter) = (book.clone(), counter.clone());
                tasks.spawn(async move {
                    let order = order(&api, ports, number).await;
                    book.lock().expect("not poisoned").push((user, order));
                    counter.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        Self { stop, clock, tracker, accepted, count }
    }

    /// How many were accepted so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Orders no more and returns what was accepted, once every order was.
    pub async fn end(self) -> Vec<Accepted> {
        self.stop.cancel();
        self.clock.await.expect("no panic");
        self.tracker.close();
        tokio::time::timeout(Duration::from_secs(60), self.tracker.wait())
            .await
            .expect("every order is accepted in the end");
        std::mem::take(&mut *self.accepted.lock().expect("not poisoned"))
    }
}

/// One order, tried at one pod after the other under one key until it is accepted.
async fn order(api: &Api, ports: [u16; 2], number: usize) -> String {
    let body = json!({ "items": [{ "productId": "AZ-700", "quantity": 1 }] });
    let key = format!("order-{number}");
    for turn in number.. {
        let base = format!("http://127.0.0.1:{}", ports[turn % 2]);
        let request = api.at(&base).request(Method::POST, "/api/orders");
        let answer = request.header("Idempotency-Key", &key).json(&body).timeout(TRY).send().await;
        if let Ok(answer) = answer
            && answer.status().is_success()
            && let Ok(body) = answer.json::<Value>().await
        {
            return body["correlationId"].as_str().expect("a correlation id").to_owned();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    unreachable!("there is always another turn")
}
