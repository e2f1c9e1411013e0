use std::sync::Arc;

use async_trait::async_trait;
use fred::clients::Client;
use fred::interfaces::PubsubInterface;
use tokio::sync::Notify;
use uuid::Uuid;

use super::keys::wakeup_channel;
use super::subscriptions::{Listener, News, Subscriptions};
use crate::lifecycle::{StopPhase, Supervisor};
use crate::ports::{Topic, Wakeup};

/// Wake-up hints over pub/sub (D8). Hints for one topic that come while one is being published
/// become one.
pub struct RedisWakeup {
    topics: Arc<[TopicSignals; Topic::ALL.len()]>,
}

#[derive(Default)]
struct TopicSignals {
    /// Somebody in this process should look.
    local: Notify,
    /// Other processes should be told.
    outgoing: Notify,
}

impl RedisWakeup {
    /// The channels [`Subscriptions`] must listen on.
    pub fn channels() -> Vec<String> {
        Topic::ALL.map(|topic| wakeup_channel(topic).to_owned()).to_vec()
    }

    /// Publishes through `client` and listens to `subscriptions`, in tasks of `supervisor`.
    pub fn start(client: Client, subscriptions: &Subscriptions, supervisor: &Supervisor) -> Self {
        let topics: Arc<[TopicSignals; Topic::ALL.len()]> = Arc::default();
        // A process need not be woken by its own voice: `hint` has done that.
        let voice = Uuid::new_v4().to_string();
        for topic in Topic::ALL {
            let publisher = publish(client.clone(), topics.clone(), topic, voice.clone());
            supervisor.spawn_until("wakeups-out", StopPhase::Last, publisher);
        }
        let listener = listen(subscriptions.listen(), topics.clone(), voice);
        supervisor.spawn_until("wakeups-in", StopPhase::Last, listener);
        Self { topics }
    }
}

#[async_trait]
impl Wakeup for RedisWakeup {
    fn hint(&self, topic: Topic) {
        let signals = &self.topics[topic as usize];
        signals.local.notify_one();
        signals.outgoing.notify_one();
    }

    async fn hinted(&self, topic: Topic) {
        self.topics[topic as usize].local.notified().await;
    }
}

async fn publish(
    client: Client,
    topics: Arc<[TopicSignals; Topic::ALL.len()]>,
    topic: Topic,
    voice: String,
) {
    loop {
        topics[topic as usize].outgoing.notified().await;
        let sent = client.publish::<(), _, _>(wakeup_channel(topic), voice.as_str()).await;
        let result = if sent.is_ok() { "ok" } else { "error" };
        metrics::counter!("contoso_redis_wakeups_published_total", "topic" => topic.name(), "result" => result).increment(1);
    }
}

async fn listen(
    mut listener: Listener,
    topics: Arc<[TopicSignals; Topic::ALL.len()]>,
    voice: String,
) {
    while let Some(news) = listener.next().await {
        for topic in Topic::ALL {
            let concerned = match &news {
                News::Message { channel, text } => {
                    channel == wakeup_channel(topic) && *text != voice
                }
                News::Gap => true,
            };
            if concerned {
                topics[topic as usize].local.notify_one();
            }
        }
    }
}
