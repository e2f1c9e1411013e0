//! Which attempt may be followed by another, and when.

use std::time::Duration;

use rand::Rng;

use super::error::Failure;
use super::options::RetryOptions;
use super::unit::Repeat;

/// How long to wait before the next attempt; `None`: the failure stands. `attempt` counts from 1.
pub(super) fn next_try(
    options: &RetryOptions,
    repeat: Repeat,
    failure: &Failure,
    attempt: u32,
) -> Option<Duration> {
    let allowed = repeat != Repeat::Never || !failure.is_unknown();
    if attempt >= options.attempts || !allowed || !failure.is_worth_another_try() {
        return None;
    }
    let longest =
        options.first_delay.saturating_mul(1 << (attempt - 1).min(16)).min(options.longest_delay);
    Some(longest.mul_f64(rand::rng().random_range(0.5..=1.0)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::next_try;
    use crate::adapters::mssql::error::Failure;
    use crate::adapters::mssql::options::RetryOptions;
    use crate::adapters::mssql::unit::Repeat;

    #[test]
    fn an_unknown_end_is_only_tried_again_when_the_unit_can_tell() {
        let options = RetryOptions::default();
        let lost = Failure::Lost(String::new());
        assert!(next_try(&options, Repeat::Keyed, &lost, 1).is_some());
        assert!(next_try(&options, Repeat::Harmless, &lost, 1).is_some());
        assert!(next_try(&options, Repeat::Never, &lost, 1).is_none());
        let deadlock = Failure::Server { number: 1205, text: String::new() };
        assert!(
            next_try(&options, Repeat::Never, &deadlock, 1).is_some(),
            "rolled back, so it is safe"
        );
        assert!(next_try(&options, Repeat::Harmless, &deadlock, 3).is_none(), "bounded");
    }

    #[test]
    fn waits_grow_up_to_a_bound() {
        let ms = Duration::from_millis;
        let options = RetryOptions { attempts: 40, first_delay: ms(100), longest_delay: ms(300) };
        for (attempt, longest) in [(1, ms(100)), (2, ms(200)), (3, ms(300)), (39, ms(300))] {
            let wait = next_try(&options, Repeat::Harmless, &Failure::Silent(ms(1)), attempt)
                .expect("another try");
            assert!(wait >= longest / 2 && wait <= longest, "{attempt}: {wait:?}");
        }
    }
}
