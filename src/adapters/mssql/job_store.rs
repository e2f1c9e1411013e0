use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::database::MssqlDatabase;
use super::job_rows::{acknowledgement, depth, fetched, lease, micros, new_job, record, server};
use super::row::{Answer, Cells};
use super::unit;
use crate::domain::{JobId, QueueName, ServerId};
use crate::ports::{
    Acknowledged, Acknowledgement, ClaimStatement, Exchange, JobRecord, JobStore, Lease, NewJob,
    QueueDepth, ServerInfo, ServerRecord, StoreError,
};

pub(super) struct MssqlJobStore {
    database: Arc<MssqlDatabase>,
}

impl MssqlJobStore {
    pub(super) fn new(database: Arc<MssqlDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl JobStore for MssqlJobStore {
    /// Jobs are leased without: they make their first move themselves.
    fn with_claim_statements(
        self: Arc<Self>,
        _: &[(&'static str, ClaimStatement)],
    ) -> Arc<dyn JobStore> {
        self
    }

    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<JobId>, StoreError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let keyed = jobs.iter().all(|job| job.unique_key.is_some());
        let unit = if keyed { &unit::JOBS_ENQUEUE_KEYED } else { &unit::JOBS_ENQUEUE };
        let jobs = Value::from_iter(jobs.iter().map(new_job)).to_string();
        self.database.run(unit, &[&jobs]).await?.read(0, |row| row.cell("Id").map(JobId))
    }

    async fn register(&self, server: &ServerInfo) -> Result<(), StoreError> {
        let queues = server.queues.iter().map(QueueName::as_str).collect::<Vec<_>>().join(",");
        let workers = i32::try_from(server.worker_count).unwrap_or(i32::MAX);
        self.database
            .run(&unit::JOBS_REGISTER, &[&server.id.as_str(), &workers, &queues])
            .await
            .map(drop)
    }

    async fn heartbeat(&self, server: &ServerId) -> Result<bool, StoreError> {
        let answer = self.database.run(&unit::JOBS_HEARTBEAT, &[&server.as_str()]).await?;
        Ok(answer.row(0)?.count("Affected")? > 0)
    }

    async fn exchange(
        &self,
        server: &ServerId,
        acknowledgements: Vec<Acknowledgement>,
        queues: &[QueueName],
        limit: usize,
    ) -> Result<Exchange, StoreError> {
        let values = Value::from_iter(acknowledgements.iter().map(acknowledgement)).to_string();
        let queues: Vec<_> = queues.iter().map(QueueName::as_str).collect();
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let answer = self
            .database
            .run(
                &unit::JOBS_EXCHANGE,
                &[&server.as_str(), &Uuid::now_v7(), &values, &json!(queues).to_string(), &limit],
            )
            .await?;
        let due = answer.row(2)?.maybe::<i64>("NextDueMicros")?;
        Ok(Exchange {
            acknowledged: applied(&answer, acknowledgements.len())?,
            jobs: answer.read(1, fetched)?,
            next_due_in: due
                .and_then(|micros| u64::try_from(micros).ok())
                .map(Duration::from_micros),
        })
    }

    async fn held(&self, server: &ServerId) -> Result<Vec<Lease>, StoreError> {
        self.database.run(&unit::JOBS_HELD, &[&server.as_str()]).await?.read(0, lease)
    }

    async fn recover(&self, lease: Duration) -> Result<u64, StoreError> {
        self.database.run(&unit::JOBS_RECOVER, &[&micros(lease)]).await?.row(0)?.count("Affected")
    }

    async fn unregister(&self, server: &ServerId) -> Result<(), StoreError> {
        self.database.run(&unit::JOBS_UNREGISTER, &[&server.as_str()]).await.map(drop)
    }

    async fn servers(&self) -> Result<Vec<ServerRecord>, StoreError> {
        self.database.run(&unit::JOBS_SERVERS, &[]).await?.read(0, server)
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError> {
        self.database.run(&unit::JOBS_DEPTHS, &[]).await?.read(0, depth)
    }

    async fn find(&self, job: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.database.run(&unit::JOBS_FIND, &[&job.0]).await?.first(0, record)
    }

    async fn failed(&self, limit: usize) -> Result<Vec<JobRecord>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.database.run(&unit::JOBS_FAILED, &[&limit]).await?.read(0, record)
    }

    async fn requeue(&self, job: JobId) -> Result<bool, StoreError> {
        Ok(self.database.run(&unit::JOBS_REQUEUE, &[&job.0]).await?.row(0)?.count("Affected")? > 0)
    }

    async fn prune(&self, keep: Duration, limit: usize) -> Result<u64, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.database
            .run(&unit::JOBS_PRUNE, &[&micros(keep), &limit])
            .await?
            .row(0)?
            .count("Affected")
    }
}

/// One entry per acknowledgement: result set 0 names the places of those that were applied.
fn applied(answer: &Answer, acknowledgements: usize) -> Result<Vec<Acknowledged>, StoreError> {
    let mut all = vec![Acknowledged::Lost; acknowledgements];
    for row in answer.set(0)? {
        if let Some(one) = all.get_mut(row.unsigned("Place")? as usize) {
            *one = Acknowledged::Applied;
        }
    }
    Ok(all)
}
