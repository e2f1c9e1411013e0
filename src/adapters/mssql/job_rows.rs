//! Rows and JSON of jobs.

use std::time::Duration;

use serde_json::{Value, json};
use tiberius::Row;

use super::row::{Cells, odd};
use crate::domain::{JobId, JobState, QueueName, ServerId};
use crate::ports::{
    Acknowledgement, FetchedJob, JobRecord, Lease, NewJob, Outcome, QueueDepth, ServerRecord,
    StoreError,
};

/// Longer delays would overflow the clock; nobody means them.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Characters of an error that are kept.
const ERROR_LENGTH: usize = 2000;

/// A duration as statements take it.
pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.min(LONGEST).as_micros()).unwrap_or(i64::MAX)
}

/// A job to be stored, as `jobs_enqueue.sql` reads it.
pub(super) fn new_job(job: &NewJob) -> Value {
    json!({
        "q": job.queue.as_str(),
        "k": job.kind,
        "a": job.args,
        "d": micros(job.delay),
        "m": job.max_attempts.clamp(1, i32::MAX.unsigned_abs()),
        "u": job.unique_key,
        "t": job.trace_parent,
    })
}

/// An acknowledgement, as `jobs_exchange.sql` reads it.
pub(super) fn acknowledgement(acknowledgement: &Acknowledgement) -> Value {
    let (result, delay, error) = match &acknowledgement.outcome {
        Outcome::Succeeded => ("Succeeded", Duration::ZERO, None),
        Outcome::Retry { delay, error } => ("Retry", *delay, Some(error)),
        Outcome::Failed { error } => ("Failed", Duration::ZERO, Some(error)),
        Outcome::Released => ("Released", Duration::ZERO, None),
    };
    let error: Option<String> = error.map(|text| text.chars().take(ERROR_LENGTH).collect());
    let Lease { job, fence } = acknowledgement.lease;
    json!({"j": job.0, "f": fence, "r": result, "d": micros(delay), "e": error})
}

pub(super) fn lease(row: &Row) -> Result<Lease, StoreError> {
    Ok(Lease { job: JobId(row.cell("JobId")?), fence: row.cell("Fence")? })
}

pub(super) fn fetched(row: &Row) -> Result<FetchedJob, StoreError> {
    Ok(FetchedJob {
        lease: lease(row)?,
        queue: QueueName::parse(row.cell("Queue")?).map_err(|_| odd("Queue"))?,
        kind: row.text("Kind")?,
        args: row.text("Args")?,
        attempt: row.unsigned("Attempt")?,
        max_attempts: row.unsigned("MaxAttempts")?,
        created_at: row.instant("CreatedAt")?,
        trace_parent: maybe_text(row, "TraceParent")?,
        claimed: None,
    })
}

pub(super) fn record(row: &Row) -> Result<JobRecord, StoreError> {
    Ok(JobRecord {
        id: JobId(row.cell("Id")?),
        queue: row.text("Queue")?,
        kind: row.text("Kind")?,
        args: row.text("Args")?,
        state: match row.cell::<&str>("State")? {
            "Enqueued" => JobState::Enqueued,
            "Scheduled" => JobState::Scheduled,
            "Processing" => JobState::Processing,
            "Succeeded" => JobState::Succeeded,
            "Failed" => JobState::Failed,
            _ => return Err(odd("State")),
        },
        attempts: row.unsigned("Attempts")?,
        max_attempts: row.unsigned("MaxAttempts")?,
        last_error: maybe_text(row, "LastError")?,
        created_at: row.instant("CreatedAt")?,
        server: maybe_text(row, "ServerName")?.map(ServerId::new),
    })
}

pub(super) fn server(row: &Row) -> Result<ServerRecord, StoreError> {
    let queues: &str = row.cell("Queues")?;
    Ok(ServerRecord {
        id: ServerId::new(row.text("Name")?),
        worker_count: row.unsigned("WorkerCount")?,
        queues: queues.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        started_at: row.instant("StartedAt")?,
        last_heartbeat_at: row.instant("LastHeartbeatAt")?,
    })
}

pub(super) fn depth(row: &Row) -> Result<QueueDepth, StoreError> {
    // The clock may have been set back since.
    let oldest = u64::try_from(row.cell::<i64>("OldestReadyMicros")?).unwrap_or(0);
    Ok(QueueDepth {
        queue: row.text("Queue")?,
        ready: row.count("Ready")?,
        processing: row.count("Processing")?,
        scheduled: row.count("Scheduled")?,
        failed: row.count("Failed")?,
        oldest_ready_age_seconds: Duration::from_micros(oldest).as_secs_f64(),
    })
}

fn maybe_text(row: &Row, column: &'static str) -> Result<Option<String>, StoreError> {
    Ok(row.maybe::<&str>(column)?.map(str::to_owned))
}
