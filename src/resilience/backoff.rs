use std::time::Duration;

/// Waits after failures: `first`, then twice as long each time up to `longest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Backoff {
    /// From `first` to `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The wait after failure number `failure`, counted from 1.
    pub fn full(&self, failure: u32) -> Duration {
        let factor = 1_u32.checked_shl(failure.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }

    /// The same with a random fifth, so that callers that failed together do not return together.
    pub fn wait(&self, failure: u32) -> Duration {
        self.full(failure).mul_f64(rand::random_range(0.8..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Backoff;

    proptest! {
        #[test]
        fn a_wait_is_the_doubled_one_less_a_fifth_at_most(failure in 1u32..200, first in 1u64..5_000, longest in 1u64..60_000) {
            let backoff = Backoff::new(Duration::from_millis(first), Duration::from_millis(longest));
            let doubled = u128::from(first) << failure.min(40).saturating_sub(1);
            let full = Duration::from_millis(doubled.min(u128::from(longest)) as u64);
            prop_assert_eq!(backoff.full(failure), full);
            let wait = backoff.wait(failure);
            prop_assert!(wait <= full && wait >= full.mul_f64(0.799), "{wait:?} of {full:?}");
        }
    }

    #[test]
    fn there_is_a_wait_after_any_number_of_failures() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        for (failure, seconds) in [(0, 1), (1, 1), (4, 8), (7, 60), (33, 60), (u32::MAX, 60)] {
            assert_eq!(backoff.full(failure), Duration::from_secs(seconds), "{failure}");
        }
    }
}
