//! Which attempt may be followed by another, and when.

use std::time::Duration;

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
    Some(options.backoff.wait(attempt))
}

#[cfg(test)]
mod tests {

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
}
