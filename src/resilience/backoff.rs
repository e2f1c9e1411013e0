use std::time::Duration;

use rand::Rng;

/// Waits that double from `first` to `longest`, half of each random, so that callers that failed
/// together do not return together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Longest first wait.
    pub first: Duration,
    /// Longest wait of all.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after failed attempt number `attempt`, counted from 1.
    pub fn wait(&self, attempt: u32, random: &mut impl Rng) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        full.mul_f64(random.random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Backoff;

    proptest! {
        #[test]
        fn a_wait_lies_between_half_and_all_of_the_doubled_one(attempt in 1u32..200, first in 1u64..5_000, longest in 1u64..60_000) {
            let backoff = Backoff { first: Duration::from_millis(first), longest: Duration::from_millis(longest) };
            let full = Duration::from_millis((u128::from(first) << attempt.min(40).saturating_sub(1)).min(u128::from(longest)) as u64);
            let wait = backoff.wait(attempt, &mut rand::rng());
            prop_assert!(wait <= full && wait >= full.mul_f64(0.499), "{wait:?} of {full:?}");
        }
    }
}
