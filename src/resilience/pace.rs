use std::time::Duration;

use super::Backoff;

/// The pace of a loop that polls or fails: it counts the waits in a row, and each is longer than the
/// one before.
#[derive(Debug, Clone)]
pub struct Pace {
    backoff: Backoff,
    waits: u32,
}

impl Pace {
    /// Waits from `first` up to `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { backoff: Backoff::new(first, longest), waits: 0 }
    }

    /// There was something to do: starts over with short waits.
    pub fn reset(&mut self) {
        self.waits = 0;
    }

    /// How long to wait now; the next wait is longer.
    pub fn wait(&mut self) -> Duration {
        self.waits = self.waits.saturating_add(1);
        self.backoff.wait(self.waits)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pace;

    #[test]
    fn waits_double_up_to_the_longest_and_start_over() {
        let mut pace = Pace::new(Duration::from_millis(10), Duration::from_millis(40));
        let within = |wait: Duration, full: u64| {
            let full = Duration::from_millis(full);
            assert!(wait <= full && wait >= full.mul_f64(0.79), "{wait:?} is not about {full:?}");
        };
        for full in [10, 20, 40, 40] {
            within(pace.wait(), full);
        }
        pace.reset();
        within(pace.wait(), 10);
    }
}
