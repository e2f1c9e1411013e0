use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span, warn};

use super::JobRegistry;
use super::job::{JobContext, JobError};
use crate::ports::{Acknowledgement, FetchedJob, Outcome};
use crate::resilience::Backoff;

/// Longest error text that is stored, in bytes.
const ERROR_LIMIT: usize = 2_000;
/// Metric label of jobs nobody here defines; their own name could be anything.
const UNKNOWN_KIND: &str = "unknown";

/// What is needed to run attempts.
#[derive(Clone)]
pub(super) struct Executor {
    pub registry: JobRegistry,
    pub retry: Backoff,
    pub timeout: Duration,
}

/// An attempt that ended and is not stored yet.
#[derive(Debug, Clone)]
pub(super) struct Finished {
    pub kind: &'static str,
    pub acknowledgement: Acknowledgement,
}

impl Executor {
    /// Runs one attempt to its end. Never panics and never takes much longer than the timeout,
    /// whatever the job does.
    pub async fn execute(&self, job: FetchedJob, cancelled: CancellationToken) -> Finished {
        let started = Instant::now();
        let lease = job.lease;
        // The second part of a traceparent; field names as X-24 has them.
        let trace_id = job.trace_parent.as_deref().and_then(|parent| parent.split('-').nth(1));
        let span = info_span!("job", jobId = %lease.job, kind = job.kind, attempt = job.attempt, traceId = trace_id);
        let (kind, outcome) = self.attempt(job, cancelled).instrument(span).await;
        metrics::histogram!("contoso_job_duration_seconds", "kind" => kind, "outcome" => name(&outcome)).record(started.elapsed());
        Finished { kind, acknowledgement: Acknowledgement { lease, outcome } }
    }

    async fn attempt(
        &self,
        job: FetchedJob,
        cancelled: CancellationToken,
    ) -> (&'static str, Outcome) {
        let Some((kind, definition)) = self.registry.find(&job.kind) else {
            warn!("no definition for this kind of job");
            return (
                UNKNOWN_KIND,
                Outcome::Failed {
                    error: bounded(format!("no definition for job kind '{}'", job.kind)),
                },
            );
        };
        // What the attempt leaves behind is told to end with it.
        let token = cancelled.child_token();
        let _ended = token.clone().drop_guard();
        let context = JobContext::new(&job, token);
        let result = if job.attempt > job.max_attempts {
            // Its last attempts ended with their server, or giving up failed.
            Err(JobError::fatal(format!("all {} attempts are used up", job.max_attempts)))
        } else {
            self.guard(definition.run(&context, &job.args)).await
        };
        let Err(error) = result else { return (kind, Outcome::Succeeded) };
        if cancelled.is_cancelled() {
            return (kind, Outcome::Released);
        }
        let text = bounded(error.to_string());
        if matches!(error, JobError::Retry(_)) && job.attempt < job.max_attempts {
            warn!(error = text, "attempt failed, there will be another");
            return (kind, Outcome::Retry { delay: self.retry.wait(job.attempt), error: text });
        }
        warn!(error = text, "job is given up");
        let outcome = match self.guard(definition.exhausted(&context, &job.args, &text)).await {
            Ok(()) => Outcome::Failed { error: text },
            Err(_) if cancelled.is_cancelled() => Outcome::Released,
            Err(error) => {
                let text = bounded(format!("could not be given up: {error}; cause: {text}"));
                warn!(error = text, "giving up failed, it will be tried again");
                Outcome::Retry { delay: self.retry.wait(job.attempt), error: text }
            }
        };
        (kind, outcome)
    }

    async fn guard(
        &self,
        work: impl Future<Output = Result<(), JobError>>,
    ) -> Result<(), JobError> {
        match tokio::time::timeout(self.timeout, AssertUnwindSafe(work).catch_unwind()).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => {
                Err(JobError::retry(format!("panicked: {}", panic_text(panic.as_ref()))))
            }
            Err(_) => Err(JobError::retry(format!("did not end within {:?}", self.timeout))),
        }
    }
}

/// The outcome as a metric label.
pub(super) fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Retry { .. } => "retried",
        Outcome::Failed { .. } => "failed",
        Outcome::Released => "released",
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Text that every store takes: of limited length and without NUL.
fn bounded(text: String) -> String {
    let mut text = text.replace('\0', "\u{fffd}");
    let end = (0..=text.len().min(ERROR_LIMIT))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use super::{ERROR_LIMIT, bounded};

    #[test]
    fn error_texts_are_cut_between_characters() {
        let text = bounded("ä\0".repeat(ERROR_LIMIT));
        assert!(text.len() <= ERROR_LIMIT && text.len() > ERROR_LIMIT - 4 && !text.contains('\0'));
    }
}
