use async_trait::async_trait;
use tokio::sync::Notify;

use crate::ports::{Topic, Wakeup};

/// Hints within one process. A hint that nobody waits for is kept for the next who does, so none
/// falls between a look into the store and the wait after it.
#[derive(Debug, Default)]
pub struct LocalWakeup {
    topics: [Notify; Topic::ALL.len()],
}

impl LocalWakeup {
    fn topic(&self, topic: Topic) -> &Notify {
        match topic {
            Topic::Jobs => &self.topics[0],
            Topic::Outbox => &self.topics[1],
        }
    }
}

#[async_trait]
impl Wakeup for LocalWakeup {
    fn hint(&self, topic: Topic) {
        self.topic(topic).notify_one();
    }

    async fn hinted(&self, topic: Topic) {
        self.topic(topic).notified().await;
    }
}
