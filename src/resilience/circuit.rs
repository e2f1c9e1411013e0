use std::time::{Duration, Instant};

/// Parts a window is counted in; the window moves on by one part at a time.
const PARTS: u32 = 10;

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerSettings {
    /// Failures are counted over this span.
    pub window: Duration,
    /// Fewer failures than this never open it; so many with no success between them always do.
    pub min_failures: u32,
    /// With successes between them, the share of calls that must have failed, 0.0..=1.0.
    pub failure_share: f64,
    /// How long it stays open before one call may try again.
    pub open_for: Duration,
}

/// Whether calls may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// All pass.
    Closed,
    /// None passes.
    Open,
    /// One passes, to see whether things are well again.
    HalfOpen,
}

impl BreakerState {
    /// The state's name in metrics and health reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// How a call that was let through ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The dependency answered.
    Succeeded,
    /// It did not.
    Failed,
    /// Nobody knows: the caller went away.
    Abandoned,
}

/// The breaker's rules without time, locks or waiting: instants are passed in and must not go back.
#[derive(Debug)]
pub struct Circuit {
    settings: BreakerSettings,
    phase: CircuitPhase,
    /// Counts changes of phase, so that a call that was let through before one cannot count after
    /// it.
    epoch: u64,
}

#[derive(Debug)]
enum CircuitPhase {
    Closed(Window),
    Open { until: Instant },
    HalfOpen { probing: bool },
}

impl Circuit {
    /// A closed one.
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, phase: CircuitPhase::Closed(Window::default()), epoch: 0 }
    }

    /// Where it stands.
    pub fn state(&self) -> BreakerState {
        match self.phase {
            CircuitPhase::Closed(_) => BreakerState::Closed,
            CircuitPhase::Open { .. } => BreakerState::Open,
            CircuitPhase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Lets a call through, with the epoch to end it under, or says how long to wait.
    pub fn enter(&mut self, now: Instant) -> Result<u64, Duration> {
        if let CircuitPhase::Open { until } = self.phase
            && now >= until
        {
            self.change(CircuitPhase::HalfOpen { probing: false });
        }
        match &mut self.phase {
            CircuitPhase::Closed(_) => Ok(self.epoch),
            CircuitPhase::Open { until } => Err(until.duration_since(now)),
            CircuitPhase::HalfOpen { probing: true } => Err(self.settings.open_for),
            CircuitPhase::HalfOpen { probing } => {
                *probing = true;
                Ok(self.epoch)
            }
        }
    }

    /// Counts the end of a call that was let through in `epoch`.
    pub fn end(&mut self, epoch: u64, ending: Ending, now: Instant) {
        if epoch != self.epoch {
            return;
        }
        match (&mut self.phase, ending) {
            (CircuitPhase::Closed(_), Ending::Abandoned) | (CircuitPhase::Open { .. }, _) => {}
            (CircuitPhase::Closed(window), _) => {
                window.count(now, self.settings.window, ending == Ending::Failed);
                if window.is_bad(&self.settings) {
                    self.change(CircuitPhase::Open { until: now + self.settings.open_for });
                }
            }
            (CircuitPhase::HalfOpen { .. }, Ending::Succeeded) => {
                self.change(CircuitPhase::Closed(Window::default()))
            }
            (CircuitPhase::HalfOpen { .. }, Ending::Failed) => {
                self.change(CircuitPhase::Open { until: now + self.settings.open_for })
            }
            (CircuitPhase::HalfOpen { probing }, Ending::Abandoned) => *probing = false,
        }
    }

    fn change(&mut self, phase: CircuitPhase) {
        self.phase = phase;
        self.epoch += 1;
    }
}

/// Calls of the last while, counted in parts so that old ones drop out without being remembered one
/// by one.
#[derive(Debug, Default)]
struct Window {
    start: Option<Instant>,
    newest: u64,
    parts: [WindowPart; PARTS as usize],
    /// Failures since the last success. Without them a dependency that was busy and well would have
    /// to fail for half a window.
    straight: u32,
    straight_since: Option<Instant>,
}

#[derive(Debug, Default, Clone, Copy)]
struct WindowPart {
    calls: u32,
    failures: u32,
}

impl Window {
    fn count(&mut self, now: Instant, span: Duration, failed: bool) {
        let start = *self.start.get_or_insert(now);
        let part = (span / PARTS).max(Duration::from_nanos(1));
        let number = (now.duration_since(start).as_nanos() / part.as_nanos()) as u64;
        for stale in (self.newest + 1..=number).take(PARTS as usize) {
            self.parts[(stale % u64::from(PARTS)) as usize] = WindowPart::default();
        }
        // A jump over more than the whole window leaves parts whose numbers were not visited; all
        // are empty by then.
        self.newest = self.newest.max(number);
        let part = &mut self.parts[(self.newest % u64::from(PARTS)) as usize];
        part.calls = part.calls.saturating_add(1);
        part.failures = part.failures.saturating_add(u32::from(failed));
        let goes_on = self.straight_since.is_some_and(|since| now.duration_since(since) < span);
        (self.straight, self.straight_since) = match (failed, goes_on) {
            (false, _) => (0, None),
            (true, true) => (self.straight.saturating_add(1), self.straight_since),
            (true, false) => (1, Some(now)),
        };
    }

    fn is_bad(&self, settings: &BreakerSettings) -> bool {
        let enough = settings.min_failures.max(1);
        let failures: u32 = self.parts.iter().map(|part| part.failures).sum();
        let calls: u32 = self.parts.iter().map(|part| part.calls).sum();
        let many =
            failures >= enough && f64::from(failures) >= settings.failure_share * f64::from(calls);
        many || self.straight >= enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::{BreakerSettings, BreakerState, Circuit, Ending};

    const SETTINGS: BreakerSettings = BreakerSettings {
        window: Duration::from_secs(10),
        min_failures: 3,
        failure_share: 0.5,
        open_for: Duration::from_secs(2),
    };

    fn fail(circuit: &mut Circuit, times: u32, now: Instant) {
        for _ in 0..times {
            let epoch = circuit.enter(now).expect("let through");
            circuit.end(epoch, Ending::Failed, now);
        }
    }

    #[test]
    fn it_opens_at_the_limit_probes_once_and_closes_after_a_success() {
        let start = Instant::now();
        let mut circuit = Circuit::new(SETTINGS);
        fail(&mut circuit, 3, start);
        assert_eq!(circuit.state(), BreakerState::Open);
        assert_eq!(
            circuit.enter(start + Duration::from_millis(500)),
            Err(Duration::from_millis(1_500))
        );
        let later = start + SETTINGS.open_for;
        let probe = circuit.enter(later).expect("the probe");
        assert_eq!(circuit.enter(later), Err(SETTINGS.open_for), "one probe at a time");
        circuit.end(probe, Ending::Succeeded, later);
        assert_eq!(circuit.state(), BreakerState::Closed);
        fail(&mut circuit, 2, later);
        assert_eq!(circuit.state(), BreakerState::Closed, "old failures are forgotten");
    }

    #[test]
    fn a_failed_probe_opens_it_again_and_an_abandoned_one_lets_the_next_try() {
        let start = Instant::now();
        let mut circuit = Circuit::new(SETTINGS);
        fail(&mut circuit, 3, start);
        let later = start + SETTINGS.open_for;
        let probe = circuit.enter(later).expect("the probe");
        circuit.end(probe, Ending::Abandoned, later);
        let probe = circuit.enter(later).expect("the next probe");
        circuit.end(probe, Ending::Failed, later);
        assert_eq!(circuit.state(), BreakerState::Open);
        assert_eq!(circuit.enter(later), Err(SETTINGS.open_for));
    }

    #[test]
    fn failures_spread_over_more_than_the_window_do_not_open_it() {
        let start = Instant::now();
        let mut circuit = Circuit::new(SETTINGS);
        for step in 0..100 {
            fail(&mut circuit, 1, start + Duration::from_secs(6) * step);
        }
        assert_eq!(circuit.state(), BreakerState::Closed);
    }

    #[test]
    fn a_small_share_of_failures_does_not_open_it() {
        let now = Instant::now();
        let mut circuit = Circuit::new(SETTINGS);
        for call in 0..1_000 {
            let epoch = circuit.enter(now).expect("let through");
            let ending = if call % 10 == 9 { Ending::Failed } else { Ending::Succeeded };
            circuit.end(epoch, ending, now);
        }
        assert_eq!(circuit.state(), BreakerState::Closed);
    }

    #[test]
    fn failures_in_a_row_open_it_however_well_things_were() {
        let now = Instant::now();
        let mut circuit = Circuit::new(SETTINGS);
        for _ in 0..1_000 {
            let epoch = circuit.enter(now).expect("let through");
            circuit.end(epoch, Ending::Succeeded, now);
        }
        fail(&mut circuit, 3, now);
        assert_eq!(circuit.state(), BreakerState::Open);
    }

    #[test]
    fn an_answer_from_before_a_change_counts_for_nothing() {
        let start = Instant::now();
        let mut circuit = Circuit::new(SETTINGS);
        let old = circuit.enter(start).expect("let through");
        fail(&mut circuit, 3, start);
        circuit.end(old, Ending::Succeeded, start);
        assert_eq!(circuit.state(), BreakerState::Open);
        let later = start + SETTINGS.open_for;
        circuit.enter(later).expect("the probe");
        circuit.end(old, Ending::Succeeded, later);
        assert_eq!(circuit.state(), BreakerState::HalfOpen);
    }

    proptest! {
        /// Whatever happens: never two probes at a time, nothing passes before the pause is over,
        /// and in the end it closes.
        #[test]
        fn it_keeps_its_rules_and_recovers(steps in prop::collection::vec((0u64..3_000, 0u8..4), 1..300)) {
            let mut now = Instant::now();
            let mut circuit = Circuit::new(SETTINGS);
            let mut running: Vec<(u64, BreakerState)> = Vec::new();
            let mut opened_at = None;
            for (wait, action) in steps {
                now += Duration::from_millis(wait);
                let before = circuit.state();
                if action == 0 {
                    if let Ok(epoch) = circuit.enter(now) {
                        if before == BreakerState::Open {
                            prop_assert!(opened_at.is_none_or(|at| now >= at + SETTINGS.open_for));
                        }
                        running.push((epoch, circuit.state()));
                    }
                } else if let Some((epoch, _)) = running.pop() {
                    let ending = [Ending::Succeeded, Ending::Failed, Ending::Abandoned][usize::from(action - 1)];
                    circuit.end(epoch, ending, now);
                }
                let probes = running.iter().filter(|(epoch, state)| *epoch == circuit.epoch && *state == BreakerState::HalfOpen);
                prop_assert!(probes.count() <= 1);
                if before != BreakerState::Open && circuit.state() == BreakerState::Open {
                    opened_at = Some(now);
                }
            }
            for (epoch, _) in running {
                circuit.end(epoch, Ending::Abandoned, now);
            }
            now += SETTINGS.open_for;
            let epoch = circuit.enter(now).expect("a call passes after the pause");
            circuit.end(epoch, Ending::Succeeded, now);
            if circuit.state() == BreakerState::Open {
                // Failures counted before this success may still be too many.
                now += SETTINGS.open_for;
                let epoch = circuit.enter(now).expect("a call passes after the pause");
                circuit.end(epoch, Ending::Succeeded, now);
            }
            prop_assert_eq!(circuit.state(), BreakerState::Closed);
        }
    }
}
