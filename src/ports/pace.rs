use std::time::Duration;

/// The adaptive poll behind a [`super::Wakeup`], and the back-off after an error: short waits at
/// first, then twice as long each time up to a longest one. A fifth of each wait is random, so that
/// processes do not move in step.
#[derive(Debug, Clone)]
pub struct Pace {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Pace {
    /// Waits from `first` up to `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// There was something to do: starts over with short waits.
    pub fn reset(&mut self) {
        self.next = self.first;
    }

    /// How long to wait now; the next wait is longer.
    pub fn wait(&mut self) -> Duration {
        let wait = self.next.min(self.longest);
        self.next = wait.saturating_mul(2);
        wait.mul_f64(rand::random_range(0.8..=1.0))
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
