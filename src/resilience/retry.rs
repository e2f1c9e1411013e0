use std::future::Future;

use tokio::time::sleep;

use super::{Backoff, Deadline};

/// Runs `work` until it succeeds, errs for good, has been run `attempts` times, or the next wait
/// would end after `deadline`. `work` must be a whole unit that may be run again; it is told the
/// number of the attempt, from 1.
///
/// # Errors
/// The last attempt's.
pub async fn retry<T, E, F: Future<Output = Result<T, E>>>(
    attempts: u32,
    backoff: Backoff,
    deadline: Deadline,
    is_transient: impl Fn(&E) -> bool,
    mut work: impl FnMut(u32) -> F,
) -> Result<T, E> {
    let mut attempt = 1;
    loop {
        let error = match work(attempt).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let wait = backoff.wait(attempt, &mut rand::rng());
        if attempt >= attempts || !is_transient(&error) || wait >= deadline.remaining() {
            return Err(error);
        }
        sleep(wait).await;
        attempt += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Backoff, Deadline, retry};

    const BACKOFF: Backoff =
        Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(4) };

    async fn run(
        attempts: u32,
        allowed: Duration,
        outcome: impl Fn(u32) -> Result<(), &'static str>,
    ) -> (u32, Result<(), &'static str>) {
        let mut runs = 0;
        let answer = retry(
            attempts,
            BACKOFF,
            Deadline::after(allowed),
            |error| *error == "transient",
            |attempt| {
                runs = attempt;
                std::future::ready(outcome(attempt))
            },
        )
        .await;
        (runs, answer)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn it_stops_at_success_at_the_last_attempt_and_at_an_error_for_good() {
        let third = |attempt| if attempt < 3 { Err("transient") } else { Ok(()) };
        assert_eq!(run(5, LONG, third).await, (3, Ok(())));
        assert_eq!(run(5, LONG, |_| Err("transient")).await, (5, Err("transient")));
        assert_eq!(run(5, LONG, |_| Err("for good")).await, (1, Err("for good")));
    }

    #[tokio::test]
    async fn it_does_not_wait_past_the_deadline() {
        let start = Instant::now();
        let (runs, answer) = run(10_000, Duration::from_millis(50), |_| Err("transient")).await;
        assert_eq!(answer, Err("transient"));
        assert!(
            (3..200).contains(&runs) && start.elapsed() < Duration::from_secs(5),
            "{runs} runs in {:?}",
            start.elapsed()
        );
    }
}
