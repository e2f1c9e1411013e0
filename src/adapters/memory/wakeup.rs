use async_trait::async_trait;
use tokio::sync::Notify;

use crate::ports::Wakeup;

/// Hints within one process. A hint that nobody waits for is kept for the next who does, so none
/// falls between a look into the store and the wait after it.
#[derive(Debug, Default)]
pub struct LocalWakeup {
    hinted: Notify,
}

#[async_trait]
impl Wakeup for LocalWakeup {
    fn hint(&self) {
        self.hinted.notify_one();
    }

    async fn hinted(&self) {
        self.hinted.notified().await;
    }
}
