use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::circuit::{BreakerSettings, BreakerState, Circuit, Ending};

/// A call was not made, because the dependency failed too often of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the circuit breaker is open for another {retry_after:?}")]
pub struct Rejected {
    /// When another try makes sense.
    pub retry_after: Duration,
}

/// A circuit breaker over windowed failures with one probe while half open (S1-Res-1). It takes the
/// time from tokio, answers at once and never waits.
pub struct Breaker {
    circuit: Mutex<Circuit>,
    observer: Box<dyn Fn(BreakerState) + Send + Sync>,
}

impl Breaker {
    /// A closed breaker. `observer` is told of the first state and of every change; it must be
    /// quick and not call back.
    pub fn new(
        settings: BreakerSettings,
        observer: impl Fn(BreakerState) + Send + Sync + 'static,
    ) -> Self {
        observer(BreakerState::Closed);
        Self { circuit: Mutex::new(Circuit::new(settings)), observer: Box::new(observer) }
    }

    /// Where it stands. An open breaker turns half open when the next call comes.
    pub fn state(&self) -> BreakerState {
        self.lock().state()
    }

    /// Lets a call through or refuses it.
    ///
    /// # Errors
    /// [`Rejected`] while open, and while half open with a probe under way.
    pub fn enter(&self) -> Result<Permit<'_>, Rejected> {
        let entered = self.change(|circuit| circuit.enter(Instant::now().into_std()));
        entered
            .map(|epoch| Permit { breaker: self, epoch, ending: Ending::Abandoned })
            .map_err(|retry_after| Rejected { retry_after })
    }

    fn change<T>(&self, action: impl FnOnce(&mut Circuit) -> T) -> T {
        let mut circuit = self.lock();
        let before = circuit.state();
        let answer = action(&mut circuit);
        let after = circuit.state();
        if before != after {
            // Still under the lock, so that the observer hears of changes in their order.
            (self.observer)(after);
        }
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was let through. Dropped without a word it counts as neither success nor failure.
#[must_use]
pub struct Permit<'a> {
    breaker: &'a Breaker,
    epoch: u64,
    ending: Ending,
}

impl Permit<'_> {
    /// The dependency answered.
    pub fn succeed(mut self) {
        self.ending = Ending::Succeeded;
    }

    /// The dependency did not answer as it should.
    pub fn fail(mut self) {
        self.ending = Ending::Failed;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let (epoch, ending) = (self.epoch, self.ending);
        self.breaker.change(|circuit| circuit.end(epoch, ending, Instant::now().into_std()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::{Breaker, BreakerSettings, BreakerState};

    const SETTINGS: BreakerSettings = BreakerSettings {
        window: Duration::from_secs(30),
        min_failures: 2,
        failure_share: 0.5,
        open_for: Duration::from_secs(5),
    };

    #[tokio::test]
    async fn the_observer_hears_every_change_in_order() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let breaker = Breaker::new(SETTINGS, {
            let heard = heard.clone();
            move |state| heard.lock().expect("lock").push(state)
        });
        for _ in 0..2 {
            breaker.enter().expect("closed").fail();
        }
        let rejected = breaker.enter().err().expect("open");
        assert!(rejected.retry_after <= SETTINGS.open_for);
        tokio::time::sleep(rejected.retry_after).await;
        drop(breaker.enter().expect("the probe"));
        breaker.enter().expect("the next probe, the first was abandoned").succeed();
        use BreakerState::{Closed, HalfOpen, Open};
        assert_eq!(*heard.lock().expect("lock"), [Closed, Open, HalfOpen, Closed]);
    }
}
