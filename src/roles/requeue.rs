use std::sync::Arc;
use std::time::Duration;

use fred::interfaces::ClientLike;
use tokio::time::timeout;

use super::StartError;
use super::components::{guarded, redis_failed};
use crate::adapters::memory::{LocalWakeup, MemoryStatusCopy};
use crate::adapters::redis::{RedisStatusCopy, command_client};
use crate::app::{AfterCommit, RequeueJob};
use crate::config::Settings;
use crate::delivery::Handover;
use crate::ports::{StatusCopy, Stores};

/// How long to wait for Redis; without it the copy is right again when a worker has the order.
const REDIS_TIMEOUT: Duration = Duration::from_secs(2);

/// Requeues jobs from a process that serves nothing: its events are left to the relays of others,
/// and workers find the jobs when they look next.
pub(super) async fn requeue_job(
    settings: &Settings,
    stores: &Stores,
) -> Result<RequeueJob, StartError> {
    let (events, _) = Handover::new();
    let copy: Arc<dyn StatusCopy> = match &settings.connections.redis {
        Some(redis) => {
            let client = command_client(redis).map_err(redis_failed)?;
            let connected = timeout(REDIS_TIMEOUT, client.wait_for_connect()).await;
            if !matches!(connected, Ok(Ok(()))) {
                eprintln!("Redis does not answer: tabs see the change a moment later.");
            }
            Arc::new(RedisStatusCopy::new(guarded(client, settings), settings.workflow_state_ttl))
        }
        None => Arc::new(MemoryStatusCopy::new(settings.workflow_state_ttl)),
    };
    let wakeup = Arc::new(LocalWakeup::default());
    let after_commit = AfterCommit::new(copy, wakeup, Arc::new(events));
    Ok(RequeueJob::new(stores.jobs.clone(), stores.orders.clone(), after_commit))
}
