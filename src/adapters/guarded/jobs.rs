use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Guard;
use crate::domain::{JobId, QueueName, ServerId};
use crate::ports::{
    Acknowledgement, Exchange, JobRecord, JobStore, Lease, NewJob, QueueDepth, ServerInfo,
    ServerRecord, StoreError,
};

/// Background jobs behind a guard.
pub struct GuardedJobs {
    inner: Arc<dyn JobStore>,
    guard: Arc<Guard>,
}

impl GuardedJobs {
    /// Guards `inner`.
    pub fn new(inner: Arc<dyn JobStore>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl JobStore for GuardedJobs {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<JobId>, StoreError> {
        self.guard.call(self.inner.enqueue(jobs)).await
    }

    async fn register(&self, server: &ServerInfo) -> Result<(), StoreError> {
        self.guard.call(self.inner.register(server)).await
    }

    async fn heartbeat(&self, server: &ServerId) -> Result<bool, StoreError> {
        self.guard.call(self.inner.heartbeat(server)).await
    }

    async fn exchange(
        &self,
        server: &ServerId,
        acknowledgements: Vec<Acknowledgement>,
        queues: &[QueueName],
        limit: usize,
    ) -> Result<Exchange, StoreError> {
        self.guard.call(self.inner.exchange(server, acknowledgements, queues, limit)).await
    }

    async fn held(&self, server: &ServerId) -> Result<Vec<Lease>, StoreError> {
        self.guard.call(self.inner.held(server)).await
    }

    async fn recover(&self, lease: Duration) -> Result<u64, StoreError> {
        self.guard.call(self.inner.recover(lease)).await
    }

    async fn unregister(&self, server: &ServerId) -> Result<(), StoreError> {
        self.guard.call(self.inner.unregister(server)).await
    }

    async fn servers(&self) -> Result<Vec<ServerRecord>, StoreError> {
        self.guard.call(self.inner.servers()).await
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError> {
        self.guard.call(self.inner.depths()).await
    }

    async fn find(&self, job: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.guard.call(self.inner.find(job)).await
    }

    async fn failed(&self, limit: usize) -> Result<Vec<JobRecord>, StoreError> {
        self.guard.call(self.inner.failed(limit)).await
    }

    async fn requeue(&self, job: JobId) -> Result<bool, StoreError> {
        self.guard.call(self.inner.requeue(job)).await
    }

    async fn prune(&self, keep: Duration, limit: usize) -> Result<u64, StoreError> {
        self.guard.call(self.inner.prune(keep, limit)).await
    }
}
