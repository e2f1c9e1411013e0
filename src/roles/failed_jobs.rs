use std::process::ExitCode;
use std::sync::Arc;

use super::table::{short, table};
use super::{StartError, stores};
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

/// Does it and says what was done. Exit code 1 when the database does not answer or a job is
/// unknown.
pub async fn failed_jobs(settings: Settings, request: FailedJobs) -> ExitCode {
    let outcome = match stores::open(&settings, false).await {
        Ok(stores) => run(stores.jobs, request)
            .await
            .map_err(|error| StartError::new("the database does not answer", error)),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(jobs: Arc<dyn JobStore>, request: FailedJobs) -> Result<ExitCode, StoreError> {
    match request {
        FailedJobs::List { limit } => {
            let failed = jobs.failed(limit).await?;
            if failed.is_empty() {
                println!("No job has failed.");
            } else {
                print!(
                    "{}",
                    table(
                        ["JOB", "KIND", "QUEUE", "ATTEMPTS", "CREATED", "ERROR"],
                        failed.iter().map(row)
                    )
                );
            }
        }
        FailedJobs::Requeue { jobs: named } if named.is_empty() => {
            let mut count = 0;
            loop {
                let failed = jobs.failed(BATCH).await?;
                for job in &failed {
                    count += u32::from(jobs.requeue(job.id).await?);
                }
                if failed.len() < BATCH {
                    break;
                }
            }
            println!("{count} jobs requeued.");
        }
        FailedJobs::Requeue { jobs: named } => {
            let mut code = ExitCode::SUCCESS;
            for job in named.into_iter().map(JobId) {
                if jobs.requeue(job).await? {
                    println!("Job {job} is requeued.");
                } else if let Some(found) = jobs.find(job).await? {
                    println!(
                        "Job {job} has not failed, it is {}: nothing to do.",
                        found.state.name()
                    );
                } else {
                    eprintln!("There is no job {job}, or it is no longer kept.");
                    code = ExitCode::FAILURE;
                }
            }
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
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
