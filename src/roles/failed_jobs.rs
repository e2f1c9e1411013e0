use std::process::ExitCode;

use super::requeue::requeue_job;
use super::text_table::{short, text_table};
use super::{StartError, stores};
use crate::app::{RequeueJob, RequeueOutcome};
use crate::config::Settings;
use crate::domain::JobId;
use crate::ports::{JobRecord, JobStore, StoreError};

/// Jobs looked at in one go by `--all`.
const BATCH: usize = 1_000;

/// What to do with jobs that have failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailedJobs {
    /// Show up to this many, newest first.
    List {
        /// At most.
        limit: usize,
    },
    /// Put these back into their queues, or all of them when none is named.
    Requeue {
        /// Numbers of jobs.
        jobs: Vec<i64>,
    },
}

/// Does it and says what was done. Exit code 1 when the database does not answer, or a job is
/// unknown or cannot run again.
pub async fn failed_jobs(settings: Settings, request: FailedJobs) -> ExitCode {
    match run(&settings, request).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: &Settings, request: FailedJobs) -> Result<ExitCode, StartError> {
    let stores = stores::open(settings, false).await?;
    let silent = |error| StartError::new("the database does not answer", error);
    match request {
        FailedJobs::List { limit } => {
            let failed = stores.jobs.failed(limit).await.map_err(silent)?;
            list(&failed);
            Ok(ExitCode::SUCCESS)
        }
        FailedJobs::Requeue { jobs } => {
            let requeue = requeue_job(settings, &stores).await?;
            let done = match jobs.is_empty() {
                true => requeue_all(&requeue, &*stores.jobs).await,
                false => requeue_named(&requeue, jobs).await,
            };
            done.map_err(silent)
        }
    }
}

fn list(failed: &[JobRecord]) {
    if failed.is_empty() {
        println!("No job has failed.");
        return;
    }
    let titles = ["JOB", "KIND", "QUEUE", "ATTEMPTS", "CREATED", "ERROR"];
    print!("{}", text_table(titles, failed.iter().map(row)));
}

/// Exit code 1 when a job stays failed.
async fn requeue_all(requeue: &RequeueJob, jobs: &dyn JobStore) -> Result<ExitCode, StoreError> {
    let mut requeued = 0;
    let left = loop {
        let before = requeued;
        let failed = jobs.failed(BATCH).await?;
        let mut left = 0;
        for job in &failed {
            match requeue.run(job.id).await? {
                RequeueOutcome::Requeued => requeued += 1,
                outcome => {
                    left += 1;
                    println!("{}", sentence(job.id, &outcome));
                }
            }
        }
        // Those that cannot be requeued would come again and again.
        if failed.len() < BATCH || requeued == before {
            break left;
        }
    };
    println!("{requeued} jobs requeued.");
    Ok(if left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Exit code 1 when a job is unknown, or cannot run again.
async fn requeue_named(requeue: &RequeueJob, jobs: Vec<i64>) -> Result<ExitCode, StoreError> {
    let mut code = ExitCode::SUCCESS;
    for job in jobs.into_iter().map(JobId) {
        let outcome = requeue.run(job).await?;
        match outcome {
            RequeueOutcome::Requeued | RequeueOutcome::NotFailed(_) => {
                println!("{}", sentence(job, &outcome));
            }
            _ => {
                eprintln!("{}", sentence(job, &outcome));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn sentence(job: JobId, outcome: &RequeueOutcome) -> String {
    match outcome {
        RequeueOutcome::Requeued => format!("Job {job} is requeued."),
        RequeueOutcome::NotFailed(state) => {
            format!("Job {job} has not failed, it is {}: nothing to do.", state.name())
        }
        RequeueOutcome::OrderEnded(status) => {
            format!("Job {job} stays failed: its order is {}.", status.name())
        }
        RequeueOutcome::Shortage(product) => {
            format!(
                "Job {job} stays failed: there is not enough of {product}. Set its stock first: contoso-shop stock {product} PIECES"
            )
        }
        RequeueOutcome::Unknown => format!("There is no job {job}, or it is no longer kept."),
    }
}

fn row(job: &JobRecord) -> [String; 6] {
    let error = short(job.last_error.as_deref().unwrap_or_default());
    let attempts = format!("{} of {}", job.attempts, job.max_attempts);
    [
        job.id.to_string(),
        job.kind.clone(),
        job.queue.clone(),
        attempts,
        job.created_at.to_string(),
        error,
    ]
}
