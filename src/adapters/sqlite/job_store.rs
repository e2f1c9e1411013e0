use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, Row};

use super::claim::{exchange, idle};
use super::claim_statement::run_claim_statement;
use super::database::SqliteDatabase;
use super::orders::timestamp;
use super::returned::{Returned, give_back};
use super::statement::{all, execute, first, insert};
use crate::domain::{JobId, JobState, QueueName, ServerId, Timestamp};
use crate::ports::{
    Acknowledgement, ClaimStatement, Exchange, JobRecord, JobStore, Lease, NewJob, QueueDepth,
    ServerInfo, ServerRecord, StoreError,
};

#[derive(Clone)]
pub(super) struct SqliteJobStore {
    database: Arc<SqliteDatabase>,
    claim_statements: Arc<[(&'static str, ClaimStatement)]>,
}

impl SqliteJobStore {
    pub(super) fn new(database: Arc<SqliteDatabase>) -> Self {
        Self { database, claim_statements: Arc::default() }
    }
}

#[async_trait]
impl JobStore for SqliteJobStore {
    fn with_claim_statements(
        self: Arc<Self>,
        statements: &[(&'static str, ClaimStatement)],
    ) -> Arc<dyn JobStore> {
        Arc::new(Self { claim_statements: statements.into(), ..Self::clone(&self) })
    }

    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<JobId>, StoreError> {
        self.database
            .write(move |connection, now| {
                Ok(jobs
                    .iter()
                    .map(|job| insert_job(connection, now, job))
                    .collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn register(&self, server: &ServerInfo) -> Result<(), StoreError> {
        let server = server.clone();
        self.database
            .write(move |connection, now| {
                let queues =
                    server.queues.iter().map(QueueName::as_str).collect::<Vec<_>>().join(",");
                let values = (server.id.as_str(), server.worker_count, queues, now.micros);
                execute(connection, sql!("server_insert"), values)?;
                Ok(())
            })
            .await
    }

    async fn heartbeat(&self, server: &ServerId) -> Result<bool, StoreError> {
        let server = server.clone();
        self.database
            .write(move |connection, now| {
                Ok(execute(connection, sql!("server_heartbeat"), (server.as_str(), now.micros))?
                    > 0)
            })
            .await
    }

    async fn exchange(
        &self,
        server: &ServerId,
        acknowledgements: Vec<Acknowledgement>,
        queues: &[QueueName],
        limit: usize,
    ) -> Result<Exchange, StoreError> {
        let (server, queues) = (server.clone(), queues.to_vec());
        if acknowledgements.is_empty() {
            // An idle server asks often and should not take the writer's time.
            let (now, server, queues) = (self.database.now(), server.clone(), queues.clone());
            let found = self
                .database
                .read(move |connection| Ok(idle(connection, now, &server, &queues)?))
                .await?;
            if let Some(nothing) = found {
                return Ok(nothing);
            }
            if limit == 0 {
                return Ok(Exchange::default());
            }
        }
        let (statements, handover) = (self.claim_statements.clone(), self.database.handover());
        self.database
            .write(move |connection, now| {
                let mut answer =
                    exchange(connection, now, &server, &acknowledgements, &queues, limit)?;
                for job in &mut answer.jobs {
                    run_claim_statement(connection, now, job, &statements, handover)?;
                }
                Ok(answer)
            })
            .await
    }

    async fn held(&self, server: &ServerId) -> Result<Vec<Lease>, StoreError> {
        let server = server.clone();
        let read = |row: &Row<'_>| Ok(Lease { job: JobId(row.get(0)?), fence: row.get(1)? });
        self.database
            .read(move |connection| Ok(all(connection, sql!("job_held"), [server.as_str()], read)?))
            .await
    }

    async fn recover(&self, lease: Duration) -> Result<u64, StoreError> {
        let before = self.database.now().minus(lease);
        if self.database.read(move |connection| Ok(silent(connection, before)?)).await?.is_empty() {
            return Ok(0);
        }
        self.database
            .write(move |connection, now| {
                let mut recovered = 0;
                for server in silent(connection, now.minus(lease))? {
                    recovered += take_back(connection, server, Some(now))?;
                }
                Ok(recovered)
            })
            .await
    }

    async fn unregister(&self, server: &ServerId) -> Result<(), StoreError> {
        let server = server.clone();
        self.database
            .write(move |connection, _| {
                if let Some(id) =
                    first(connection, sql!("server_find"), [server.as_str()], |row| row.get(0))?
                {
                    take_back(connection, id, None)?;
                }
                Ok(())
            })
            .await
    }

    async fn servers(&self) -> Result<Vec<ServerRecord>, StoreError> {
        self.database
            .read(|connection| Ok(all(connection, sql!("server_list"), [], read_server)?))
            .await
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError> {
        let now = self.database.now();
        self.database
            .read(move |connection| {
                Ok(all(connection, sql!("job_depths"), [now.micros], |row| read_depth(row, now))?)
            })
            .await
    }

    async fn find(&self, job: JobId) -> Result<Option<JobRecord>, StoreError> {
        let now = self.database.now();
        self.database
            .read(move |connection| {
                Ok(first(connection, sql!("job_find"), [job.0], |row| read_job(row, now))?)
            })
            .await
    }

    async fn failed(&self, limit: usize) -> Result<Vec<JobRecord>, StoreError> {
        let now = self.database.now();
        self.database
            .read(move |connection| {
                Ok(all(connection, sql!("job_failed_list"), [limit], |row| read_job(row, now))?)
            })
            .await
    }

    async fn requeue(&self, job: JobId) -> Result<bool, StoreError> {
        self.database.write(move |connection, now| Ok(requeue_job(connection, now, job)?)).await
    }

    async fn prune(&self, keep: Duration, limit: usize) -> Result<u64, StoreError> {
        self.database
            .write(move |connection, now| {
                let values = (now.minus(keep).micros, limit);
                let old: Vec<(i64, i64)> = all(connection, sql!("job_prunable"), values, |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
                for (finished, job) in &old {
                    execute(connection, sql!("job_succeeded_delete"), (finished, job))?;
                    execute(connection, sql!("job_delete"), [job])?;
                }
                Ok(old.len() as u64)
            })
            .await
    }
}

/// Makes a failed job due with all its attempts; `false` when it has not failed.
pub(super) fn requeue_job(
    connection: &Connection,
    now: Timestamp,
    job: JobId,
) -> rusqlite::Result<bool> {
    let queue: Option<String> =
        first(connection, sql!("job_failed_take"), [job.0], |row| row.get(0))?;
    let Some(queue) = queue else { return Ok(false) };
    execute(connection, sql!("job_requeue"), (job.0, now.micros))?;
    execute(connection, sql!("job_ready_insert"), (queue, now.micros, job.0))?;
    Ok(true)
}

/// Stores a job, or finds the one that has its unique key.
pub(super) fn insert_job(
    connection: &Connection,
    now: Timestamp,
    job: &NewJob,
) -> rusqlite::Result<JobId> {
    if let Some(key) = &job.unique_key
        && let Some(id) = first(connection, sql!("job_by_unique_key"), [key], |row| row.get(0))?
    {
        return Ok(JobId(id));
    }
    let (queue, due) = (job.queue.as_str(), now.plus(job.delay).micros);
    let values = (
        queue,
        &job.kind,
        &job.args,
        job.max_attempts.max(1),
        &job.unique_key,
        &job.trace_parent,
        now.micros,
        due,
    );
    let id = insert(connection, sql!("job_insert"), values)?;
    execute(connection, sql!("job_ready_insert"), (queue, due, id))?;
    Ok(JobId(id))
}

fn silent(connection: &Connection, since: Timestamp) -> rusqlite::Result<Vec<i64>> {
    all(connection, sql!("server_silent"), [since.micros], |row| row.get(0))
}

/// Removes a server and puts its jobs back: due at `lost` with the attempt charged, or at their old
/// place without.
fn take_back(
    connection: &Connection,
    server: i64,
    lost: Option<Timestamp>,
) -> rusqlite::Result<u64> {
    let held: Vec<(i64, i64, String, u32)> =
        all(connection, sql!("job_running_end_all"), [server], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    for (job, fence, queue, attempts) in &held {
        let lease = Returned { job: *job, fence: *fence, queue, attempts: *attempts };
        let lease = if lost.is_some() { lease } else { lease.uncharged() };
        give_back(connection, &lease, lost, None)?;
    }
    execute(connection, sql!("server_delete"), [server])?;
    Ok(held.len() as u64)
}

fn read_server(row: &Row<'_>) -> rusqlite::Result<ServerRecord> {
    let queues: String = row.get(2)?;
    Ok(ServerRecord {
        id: ServerId::new(row.get::<_, String>(0)?),
        worker_count: row.get(1)?,
        queues: queues.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        started_at: timestamp(row, 3)?,
        last_heartbeat_at: timestamp(row, 4)?,
    })
}

fn read_depth(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<QueueDepth> {
    let oldest: Option<i64> = row.get(5)?;
    let age = oldest.map_or(Duration::ZERO, |micros| now.since(Timestamp::from_micros(micros)));
    Ok(QueueDepth {
        queue: row.get(0)?,
        ready: row.get(1)?,
        processing: row.get(2)?,
        scheduled: row.get(3)?,
        failed: row.get(4)?,
        oldest_ready_age_seconds: age.as_secs_f64(),
    })
}

fn read_job(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<JobRecord> {
    let (charged, running): (u32, Option<u32>) = (row.get(7)?, row.get(8)?);
    let (waiting, failed): (bool, bool) = (row.get(10)?, row.get(11)?);
    let (state, attempts) = match running {
        Some(attempt) => (JobState::Processing, attempt),
        None if waiting && timestamp(row, 6)? > now => (JobState::Scheduled, charged),
        None if waiting => (JobState::Enqueued, charged),
        None if failed => (JobState::Failed, charged),
        None => (JobState::Succeeded, charged + 1),
    };
    Ok(JobRecord {
        id: JobId(row.get(0)?),
        queue: row.get(1)?,
        kind: row.get(2)?,
        args: row.get(12)?,
        state,
        attempts,
        max_attempts: row.get(3)?,
        last_error: row.get(4)?,
        created_at: timestamp(row, 5)?,
        server: row.get::<_, Option<String>>(9)?.map(ServerId::new),
    })
}
