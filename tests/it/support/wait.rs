//! Waiting for a state with a deadline, instead of sleeping.

use std::future::Future;
use std::time::{Duration, Instant};

/// Asks `state` until it yields a value. Panics with `what` when `deadline` passes first.
pub async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    deadline: Duration,
    mut state: impl FnMut() -> F,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = state().await {
            return value;
        }
        assert!(start.elapsed() < deadline, "waited {deadline:?} for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
