//! A job store that behaves as the wire to it may.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use contoso_shop::domain::{JobId, QueueName, ServerId};
use contoso_shop::ports::{
    Acknowledged, Acknowledgement, ClaimStatement, Exchange, JobRecord, JobStore, Lease, NewJob,
    QueueDepth, ServerInfo, ServerRecord, StoreError,
};
use tokio::sync::watch;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// It goes through.
    Sound,
    /// It fails at once.
    Cut,
    /// It waits until the wire changes, then goes on: the process is stopped, or the network hangs.
    Frozen,
    /// Exchanges are carried out, but their answer is lost.
    AnswersLost,
}

/// The store behind a [`Wire`]; one per server, so that servers fail one at a time.
pub struct FaultyStore {
    inner: Arc<dyn JobStore>,
    wire: watch::Sender<Wire>,
    /// Exchanges asked for.
    pub exchanges: AtomicUsize,
    /// Acknowledgements that were refused.
    pub refused: AtomicUsize,
}

impl FaultyStore {
    /// A sound wire to `inner`.
    pub fn new(inner: Arc<dyn JobStore>) -> Arc<Self> {
        let (wire, _) = watch::channel(Wire::Sound);
        Arc::new(Self { inner, wire, exchanges: AtomicUsize::new(0), refused: AtomicUsize::new(0) })
    }

    /// Changes what happens to calls from now on.
    pub fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }

    async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut wire = self.wire.subscribe();
        let now = *wire.wait_for(|wire| *wire != Wire::Frozen).await.expect("sender");
        match now {
            Wire::Cut => Err(StoreError::Unavailable {
                retry_after: Duration::ZERO,
                source: "the wire is cut".into(),
            }),
            _ => call.await,
        }
    }
}

#[async_trait]
impl JobStore for FaultyStore {
    fn with_claim_statements(
        self: Arc<Self>,
        _: &[(&'static str, ClaimStatement)],
    ) -> Arc<dyn JobStore> {
        self
    }

    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<JobId>, StoreError> {
        self.call(self.inner.enqueue(jobs)).await
    }

    async fn register(&self, server: &ServerInfo) -> Result<(), StoreError> {
        self.call(self.inner.register(server)).await
    }

    async fn heartbeat(&self, server: &ServerId) -> Result<bool, StoreError> {
        self.call(self.inner.heartbeat(server)).await
    }

    async fn exchange(
        &self,
        server: &ServerId,
        acknowledgements: Vec<Acknowledgement>,
        queues: &[QueueName],
        limit: usize,
    ) -> Result<Exchange, StoreError> {
        self.exchanges.fetch_add(1, SeqCst);
        let answer =
            self.call(self.inner.exchange(server, acknowledgements, queues, limit)).await?;
        if *self.wire.borrow() == Wire::AnswersLost {
            return Err(StoreError::Unavailable {
                retry_after: Duration::ZERO,
                source: "the answer is lost".into(),
            });
        }
        self.refused.fetch_add(
            answer.acknowledged.iter().filter(|fate| **fate == Acknowledged::Lost).count(),
            SeqCst,
        );
        Ok(answer)
    }

    async fn held(&self, server: &ServerId) -> Result<Vec<Lease>, StoreError> {
        self.call(self.inner.held(server)).await
    }

    async fn recover(&self, lease: Duration) -> Result<u64, StoreError> {
        self.call(self.inner.recover(lease)).await
    }

    async fn unregister(&self, server: &ServerId) -> Result<(), StoreError> {
        self.call(self.inner.unregister(server)).await
    }

    async fn servers(&self) -> Result<Vec<ServerRecord>, StoreError> {
        self.inner.servers().await
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError> {
        self.inner.depths().await
    }

    async fn find(&self, job: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.inner.find(job).await
    }

    async fn failed(&self, limit: usize) -> Result<Vec<JobRecord>, StoreError> {
        self.inner.failed(limit).await
    }

    async fn requeue(&self, job: JobId) -> Result<bool, StoreError> {
        self.inner.requeue(job).await
    }

    async fn prune(&self, keep: Duration, limit: usize) -> Result<u64, StoreError> {
        self.inner.prune(keep, limit).await
    }
}
