use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How a supervised task ends.
pub type TaskResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Runs one attempt of a task; a panic counts as an error.
pub(super) async fn attempt(task: impl Future<Output = TaskResult>) -> TaskResult {
    match AssertUnwindSafe(task).catch_unwind().await {
        Ok(result) => result,
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("panicked: {}", text.unwrap_or("no message")).into())
        }
    }
}

/// The tasks that end in one step of the stop.
#[derive(Default)]
pub(super) struct TaskGroup {
    /// Cancelled when the step begins.
    pub(super) stop: CancellationToken,
    tracker: TaskTracker,
    running: Mutex<BTreeMap<&'static str, usize>>,
}

impl TaskGroup {
    /// Starts a task and counts it until it has ended or `kill` cuts it off.
    pub(super) fn spawn(
        self: &std::sync::Arc<Self>,
        name: &'static str,
        kill: CancellationToken,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let group = std::sync::Arc::clone(self);
        self.count(name, 1);
        self.tracker.spawn(async move {
            tokio::select! {
                () = kill.cancelled() => {}
                () = task => {}
            }
            group.count(name, -1);
        });
    }

    /// Returns when every task has ended. None may be started after that.
    pub(super) async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// Names of the tasks that have not ended.
    pub(super) fn running(&self) -> Vec<&'static str> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    fn count(&self, name: &'static str, change: isize) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(name).or_default().saturating_add_signed(change);
        if count == 0 {
            running.remove(name);
        } else {
            running.insert(name, count);
        }
    }
}
