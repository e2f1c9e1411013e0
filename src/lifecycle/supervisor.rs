use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::task::{TaskGroup, TaskResult, attempt};
use super::{Phase, StopPhase, StopPlan};

const CUT_OFF: Duration = Duration::from_millis(500);

/// Why a process stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    /// A signal, by its number.
    Signal(i32),
    /// An essential task ended, by its name.
    TaskEnded(&'static str),
    /// It was asked for from inside.
    Requested,
}

/// How a stop went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Why it stopped.
    pub cause: StopCause,
    /// Tasks that had not ended within their step's budget and were cut off.
    pub cut_off: Vec<&'static str>,
}

impl Ended {
    /// 0 for a stop that was asked for, 1 when a task failed.
    pub fn exit_code(&self) -> u8 {
        u8::from(matches!(self.cause, StopCause::TaskEnded(_)))
    }
}

/// Starts named tasks, watches over them and stops them in the order of [`StopPhase`]. Clones share
/// it.
#[derive(Clone)]
pub struct Supervisor(Arc<Inner>);

struct Inner {
    plan: StopPlan,
    phase: watch::Sender<Phase>,
    cause: watch::Sender<Option<StopCause>>,
    groups: [Arc<TaskGroup>; StopPhase::ALL.len()],
    kill: CancellationToken,
}

impl Supervisor {
    /// Nothing runs yet; the phase is [`Phase::Starting`].
    pub fn new(plan: StopPlan) -> Self {
        Self(Arc::new(Inner {
            plan,
            phase: watch::Sender::new(Phase::Starting),
            cause: watch::Sender::new(None),
            groups: Default::default(),
            kill: CancellationToken::new(),
        }))
    }

    /// Starts a task the process cannot do without: when it ends before its token is cancelled, in
    /// whatever way, the process stops. The token is cancelled when `ends_in` begins; the task then
    /// cleans up and returns.
    pub fn spawn<F, Fut>(&self, name: &'static str, ends_in: StopPhase, task: F)
    where
        F: FnOnce(CancellationToken) -> Fut,
        Fut: Future<Output = TaskResult> + Send + 'static,
    {
        let group = self.group(ends_in);
        let stop = group.stop.clone();
        let supervisor = self.clone();
        let running = task(stop.clone());
        group.spawn(name, self.0.kill.clone(), async move {
            let result = attempt(running).await;
            match &result {
                Ok(()) if stop.is_cancelled() => return,
                Err(error) if stop.is_cancelled() => {
                    return tracing::warn!(task = name, error = %error, "a task failed while stopping");
                }
                Ok(()) => tracing::error!(task = name, "an essential task ended, stopping"),
                Err(error) => tracing::error!(task = name, error = %error, "an essential task failed, stopping"),
            }
            supervisor.stop(StopCause::TaskEnded(name));
        });
    }

    /// Starts a task that is dropped where it stands when `ends_in` begins. Ending before, it ends the
    /// process, as [`Supervisor::spawn`] says.
    pub fn spawn_until<F>(&self, name: &'static str, ends_in: StopPhase, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn(name, ends_in, |stop| async move {
            stop.run_until_cancelled(task).await;
            Ok(())
        });
    }

    /// Where the process is in its life.
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.0.phase.subscribe()
    }

    /// Start-up is done. Without effect when a stop was asked for meanwhile.
    pub fn ready(&self) {
        self.0.phase.send_if_modified(|phase| {
            let starting = *phase == Phase::Starting;
            if starting {
                *phase = Phase::Ready;
            }
            starting
        });
    }

    /// Asks for a stop. The first cause counts. Returns whether this was the first.
    pub fn stop(&self, cause: StopCause) -> bool {
        let first = self.0.cause.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert(cause);
            first
        });
        if first {
            tracing::info!(cause = ?cause, "stopping");
            self.0.phase.send_replace(Phase::Draining);
        }
        first
    }

    /// Waits for a stop to be asked for, then goes through its steps.
    pub async fn run(&self) -> Ended {
        let mut causes = self.0.cause.subscribe();
        let cause = causes
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|cause| *cause)
            .unwrap_or(StopCause::Requested);
        let mut cut_off = Vec::new();
        for phase in StopPhase::ALL {
            cut_off.extend(self.step(phase).await);
        }
        self.0.kill.cancel();
        // A task that blocks its thread cannot be cut off; the process ends without it.
        let _ = tokio::time::timeout(
            CUT_OFF,
            join_all(self.0.groups.iter().map(|group| group.ended())),
        )
        .await;
        self.0.phase.send_replace(Phase::Stopped);
        tracing::info!(cut_off = ?cut_off, "stopped");
        Ended { cause, cut_off }
    }

    async fn step(&self, phase: StopPhase) -> Vec<&'static str> {
        let (group, budget, started) =
            (self.group(phase), self.0.plan.budget(phase), Instant::now());
        group.stop.cancel();
        if phase == StopPhase::Announce {
            tokio::time::sleep(budget).await;
        }
        let rest = budget.saturating_sub(started.elapsed());
        let late = match tokio::time::timeout(rest, group.ended()).await {
            Ok(()) => Vec::new(),
            Err(_) => group.running(),
        };
        let elapsed_ms = millis(started.elapsed());
        if late.is_empty() {
            tracing::info!(step = phase.name(), elapsed_ms, "stop step done");
        } else {
            tracing::warn!(step = phase.name(), elapsed_ms, tasks = ?late, "stop step ran out of time");
        }
        late
    }

    fn group(&self, phase: StopPhase) -> &Arc<TaskGroup> {
        &self.0.groups[phase as usize]
    }
}

/// For log fields, which would be texts as 128 bit numbers.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
