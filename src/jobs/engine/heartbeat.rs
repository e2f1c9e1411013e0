use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::domain::ServerId;
use crate::ports::{JobStore, StoreError, Wakeup};

/// Keeps one announced server alive in the store, and looks for others that died.
pub(super) struct Heartbeat {
    pub store: Arc<dyn JobStore>,
    pub wakeup: Arc<dyn Wakeup>,
    pub server: ServerId,
    pub lease: Duration,
    pub interval: Duration,
}

impl Heartbeat {
    /// Beats until the server is gone: `lost` is cancelled when the store says so. Ends early when
    /// dropped.
    pub async fn run(self, lost: CancellationToken) {
        // Registering was the first sign of life.
        let mut sound = true;
        self.recover().await;
        loop {
            // After an error there is less time left, so try sooner.
            tokio::time::sleep(if sound { self.interval } else { self.interval / 5 }).await;
            match within(self.lease / 2, self.store.heartbeat(&self.server)).await {
                Ok(true) => {
                    // When the store was out for everybody, the others get the time to say that
                    // they are alive.
                    if sound {
                        self.recover().await;
                    }
                    sound = true;
                }
                Ok(false) => {
                    warn!(server = %self.server, "this job server was declared dead, its jobs run elsewhere");
                    lost.cancel();
                    return;
                }
                Err(error) => {
                    warn!(%error, "job server heartbeat failed");
                    sound = false;
                }
            }
        }
    }

    async fn recover(&self) {
        match within(self.lease / 2, self.store.recover(self.lease)).await {
            Ok(0) => {}
            Ok(jobs) => {
                info!(jobs, "took over the jobs of dead servers");
                metrics::counter!("contoso_jobs_recovered_total").increment(jobs);
                self.wakeup.hint();
            }
            Err(error) => warn!(%error, "looking for dead job servers failed"),
        }
    }
}

/// A store call with an end: a store that hangs is as good as one that is out.
pub(super) async fn within<T>(
    deadline: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(deadline, call).await {
        Ok(result) => result,
        Err(elapsed) => Err(StoreError::unavailable(elapsed)),
    }
}
