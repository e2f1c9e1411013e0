//! What is done in the transaction that leases a job.

use std::time::Duration;

use rusqlite::Connection;

use super::advance::advance;
use super::statement::execute;
use crate::domain::{CorrelationId, EventId, Timestamp, Transition};
use crate::ports::{AdvanceOrder, Advanced, ClaimStatement, FetchedJob, StoreError};

/// Runs the statement of the job's kind and notes its end in the job. One that errs is undone and
/// leaves the lease as it is: the job does the same itself, and its error counts as its own.
pub(super) fn run_claim_statement(
    connection: &Connection,
    now: Timestamp,
    job: &mut FetchedJob,
    statements: &[(&'static str, ClaimStatement)],
    handover: Duration,
) -> rusqlite::Result<()> {
    let found = statements.iter().find(|(kind, _)| *kind == job.kind);
    let Some((_, ClaimStatement::StartProcessing)) = found else { return Ok(()) };
    execute(connection, "SAVEPOINT claim_statement", [])?;
    match start_processing(connection, now, job, handover) {
        Ok(advanced) => job.claimed = Some(advanced),
        Err(error) => {
            tracing::debug!(%error, job = %job.lease.job, "a claim statement failed");
            execute(connection, "ROLLBACK TO claim_statement", [])?;
        }
    }
    execute(connection, "RELEASE claim_statement", [])?;
    Ok(())
}

fn start_processing(
    connection: &Connection,
    now: Timestamp,
    job: &FetchedJob,
    handover: Duration,
) -> Result<Advanced, StoreError> {
    let args: serde_json::Value = serde_json::from_str(&job.args).map_err(StoreError::fault)?;
    let order = args["correlationId"].as_str().unwrap_or_default();
    let correlation_id: CorrelationId = order.parse().map_err(StoreError::fault)?;
    let step = AdvanceOrder {
        correlation_id,
        transition: Transition::processing_started(),
        reason: None,
        lease: Some(job.lease),
        failed_job: None,
        event_id: EventId::generate(),
        trace_parent: job.trace_parent.clone(),
    };
    advance(connection, now, &step, handover)
}
