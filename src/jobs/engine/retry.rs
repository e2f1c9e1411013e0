use std::time::Duration;

/// How long a failed job waits before its next attempt: `base`, then twice as long each time up to
/// `longest`, each ±20 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Wait after the first failed attempt.
    pub base: Duration,
    /// Longest wait.
    pub longest: Duration,
}

impl Default for RetryPolicy {
    /// 1 s, 2 s, 4 s … up to the 30 min.
    fn default() -> Self {
        Self { base: Duration::from_secs(1), longest: Duration::from_secs(30 * 60) }
    }
}

impl RetryPolicy {
    /// The wait after attempt number `attempt` (from 1).
    pub fn delay(&self, attempt: u32) -> Duration {
        let doubled = self
            .base
            .saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
        doubled.min(self.longest).mul_f64(rand::random_range(0.8..=1.2))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::RetryPolicy;

    #[test]
    fn delays_double_within_a_fifth_and_stop_growing() {
        let policy = RetryPolicy { base: Duration::from_secs(1), longest: Duration::from_secs(60) };
        for (attempt, seconds) in [
            (0, 1.0),
            (1, 1.0),
            (2, 2.0),
            (3, 4.0),
            (4, 8.0),
            (7, 60.0),
            (33, 60.0),
            (u32::MAX, 60.0),
        ] {
            let delay = policy.delay(attempt).as_secs_f64();
            assert!(
                (seconds * 0.79..=seconds * 1.21).contains(&delay),
                "attempt {attempt}: {delay} s, wanted about {seconds} s"
            );
        }
    }
}
