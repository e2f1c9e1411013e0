use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::under_lock::{Locked, under_lock};
use crate::ports::{Clock, Locks, Rounds, StoreError};

/// Shortest and longest lease of a round's lock; it is renewed while the round runs.
const LEASE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Something that is done again and again.
pub struct RecurringTask {
    /// Its name, in the lock, the system of record and metrics.
    pub name: &'static str,
    /// Once in this span, which begins at multiples of it since 1970, so that all workers agree.
    pub every: Duration,
    /// One round.
    pub work: Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
}

/// Does recurring work once per round among all workers. A lock keeps them from trying
/// together; the claim in the system of record decides. A worker that dies in its round leaves the
/// rest to the next round, so the work must bear being cut.
#[derive(Clone)]
pub struct Recurring {
    locks: Arc<dyn Locks>,
    rounds: Arc<dyn Rounds>,
    clock: Arc<dyn Clock>,
}

impl Recurring {
    /// Over these ports.
    pub fn new(locks: Arc<dyn Locks>, rounds: Arc<dyn Rounds>, clock: Arc<dyn Clock>) -> Self {
        Self { locks, rounds, clock }
    }

    /// Does `task` until `stop`; a round under way is cut then. The current round is made up for if
    /// nobody did it. This process' clock only says when to look: which round it is, the system of
    /// record decides.
    pub async fn run(&self, task: RecurringTask, stop: CancellationToken) {
        let every = i64::try_from(task.every.as_micros()).unwrap_or(i64::MAX).max(1);
        let rounds = async {
            loop {
                let outcome = self.round(&task).await;
                metrics::counter!("contoso_recurring_rounds_total", "schedule" => task.name, "outcome" => outcome).increment(1);
                let into_round = self.clock.now().micros.rem_euclid(every);
                sleep(micros(every - into_round)).await;
            }
        };
        stop.run_until_cancelled(rounds).await;
    }

    /// One try at the current round; how it ended.
    async fn round(&self, task: &RecurringTask) -> &'static str {
        let name = format!("schedule:{}", task.name);
        let lease = (task.every / 2).clamp(LEASE.0, LEASE.1);
        let done = under_lock(self.locks.as_ref(), &name, lease, |_| self.hold(task, &name)).await;
        let done = match done {
            // Without the lock all workers come at once, and the claim alone lets one of them
            // through.
            Err(error) if error.is_transient() => Locked::Done(self.hold(task, &name).await),
            Err(error) => Locked::Done(Err(error)),
            Ok(done) => done,
        };
        match done {
            Locked::Done(Ok(true)) => "ran",
            Locked::Done(Ok(false)) => "done",
            Locked::Done(Err(error)) => {
                tracing::warn!(%error, schedule = task.name, "a round is left out");
                "error"
            }
            Locked::Busy => "busy",
            Locked::Lost => "lost",
        }
    }

    async fn hold(&self, task: &RecurringTask, name: &str) -> Result<bool, StoreError> {
        let _gauge = Holding::new(task.name);
        let is_ours = self.rounds.claim(name, task.every, Uuid::new_v4()).await?;
        if is_ours {
            (task.work)().await;
        }
        Ok(is_ours)
    }
}

/// Shows that this process is at a schedule.
struct Holding(metrics::Gauge);

impl Holding {
    fn new(schedule: &'static str) -> Self {
        let gauge = metrics::gauge!("contoso_recurring_holding", "schedule" => schedule);
        gauge.set(1.0);
        Self(gauge)
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.0.set(0.0);
    }
}

fn micros(number: i64) -> Duration {
    Duration::from_micros(u64::try_from(number).unwrap_or(0))
}
