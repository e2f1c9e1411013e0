use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;

/// How much one caller may do: `permits` at once, and as many again evenly over each `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Permits, at least 1.
    pub permits: u32,
    /// The span they are for.
    pub per: Duration,
}

/// What a caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateDecision {
    /// Whether it may go on.
    pub allowed: bool,
    /// Permits in all.
    pub limit: u32,
    /// Permits left now.
    pub remaining: u32,
    /// When all permits are back.
    pub reset_after: Duration,
    /// When one permit is back; zero when one is left.
    pub retry_after: Duration,
}

/// Counts what callers do, by the generic cell rate algorithm.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes a permit from `bucket`, such as `orders:{user}`. Buckets of one name share the count.
    async fn take(&self, bucket: &str, limit: RateLimit) -> Result<RateDecision, StoreError>;
}

impl RateLimit {
    /// Microseconds after which one permit comes back.
    pub fn interval_micros(self) -> i64 {
        let per = i64::try_from(self.per.as_micros()).unwrap_or(i64::MAX / 4);
        (per / i64::from(self.permits.max(1))).max(1)
    }

    /// Decides at `now` for a bucket whose permits are all back at `full_at`; both in microseconds
    /// of one clock. Returns the bucket's new instant with the decision.
    pub fn decide(self, full_at: Option<i64>, now: i64) -> (i64, RateDecision) {
        let before = full_at.unwrap_or(now).max(now);
        let after = before + self.interval_micros();
        let allowed = after - now <= self.interval_micros() * i64::from(self.permits.max(1));
        let full_at = if allowed { after } else { before };
        (full_at, self.decision(allowed, full_at - now))
    }

    /// Puts a decision into words: all permits are back after `used_micros`.
    pub fn decision(self, allowed: bool, used_micros: i64) -> RateDecision {
        let interval = self.interval_micros();
        let free = interval * i64::from(self.permits.max(1)) - used_micros;
        RateDecision {
            allowed,
            limit: self.permits,
            remaining: u32::try_from(free / interval).unwrap_or(0),
            reset_after: micros(used_micros),
            retry_after: micros(interval - free),
        }
    }
}

fn micros(number: i64) -> Duration {
    Duration::from_micros(u64::try_from(number).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::RateLimit;

    proptest! {
        /// In no span of one period more than twice the permits pass (the burst and its refill),
        /// and a refused caller that waits as long as it was told passes.
        #[test]
        fn the_limit_holds_and_its_advice_is_right(permits in 1u32..50, per_ms in 1u64..10_000, steps in prop::collection::vec(0i64..500_000, 1..300)) {
            let limit = RateLimit { permits, per: Duration::from_millis(per_ms) };
            let (mut now, mut full_at, mut passed) = (1_000_000_000, None, Vec::new());
            for step in steps {
                now += step;
                let (next, decision) = limit.decide(full_at, now);
                full_at = Some(next);
                if decision.allowed {
                    passed.push(now);
                } else {
                    prop_assert_eq!(decision.remaining, 0);
                    prop_assert!(decision.retry_after > Duration::ZERO);
                    let later = now + i64::try_from(decision.retry_after.as_micros()).expect("small");
                    prop_assert!(limit.decide(full_at, later).1.allowed);
                }
                prop_assert!(decision.remaining <= permits && decision.reset_after <= limit.per);
            }
            let per = i64::try_from(limit.per.as_micros()).expect("small");
            for (index, start) in passed.iter().enumerate() {
                let within = passed[index..].iter().take_while(|at| **at < start + per).count();
                prop_assert!(within <= 2 * permits as usize, "{within} in one period of {permits}");
            }
        }
    }
}
