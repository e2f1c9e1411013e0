use std::sync::Arc;

use async_trait::async_trait;
use fred::clients::Client;
use fred::interfaces::PubsubInterface;
use tokio::sync::Notify;
use uuid::Uuid;

use super::keys::WAKEUP_CHANNEL;
use super::subscriptions::{Listener, News, Subscriptions};
use crate::lifecycle::{StopPhase, Supervisor};
use crate::ports::Wakeup;

/// Wake-up hints over pub/sub (D8). Hints that come while one is being published become one.
pub struct RedisWakeup {
    signals: Arc<Signals>,
}

#[derive(Default)]
struct Signals {
    /// Somebody in this process should look.
    local: Notify,
    /// Other processes should be told.
    outgoing: Notify,
}

impl RedisWakeup {
    /// The channels [`Subscriptions`] must listen on.
    pub fn channels() -> Vec<String> {
        vec![WAKEUP_CHANNEL.to_owned()]
    }

    /// Publishes through `client` and listens to `subscriptions`, in tasks of `supervisor`.
    pub fn start(client: Client, subscriptions: &Subscriptions, supervisor: &Supervisor) -> Self {
        let signals = Arc::<Signals>::default();
        // A process need not be woken by its own voice: `hint` has done that.
        let voice = Uuid::new_v4().to_string();
        let publisher = publish(client, signals.clone(), voice.clone());
        supervisor.spawn_until("wakeups-out", StopPhase::Last, publisher);
        let listener = listen(subscriptions.listen(), signals.clone(), voice);
        supervisor.spawn_until("wakeups-in", StopPhase::Last, listener);
        Self { signals }
    }
}

#[async_trait]
impl Wakeup for RedisWakeup {
    fn hint(&self) {
        self.signals.local.notify_one();
        self.signals.outgoing.notify_one();
    }

    async fn hinted(&self) {
        self.signals.local.notified().await;
    }
}

async fn publish(client: Client, signals: Arc<Signals>, voice: String) {
    loop {
        signals.outgoing.notified().await;
        let sent = client.publish::<(), _, _>(WAKEUP_CHANNEL, voice.as_str()).await;
        let result = if sent.is_ok() { "ok" } else { "error" };
        metrics::counter!("contoso_redis_wakeups_published_total", "result" => result).increment(1);
    }
}

async fn listen(mut listener: Listener, signals: Arc<Signals>, voice: String) {
    while let Some(news) = listener.next().await {
        let concerned = match &news {
            News::Message { channel, text } => channel == WAKEUP_CHANNEL && *text != voice,
            News::Gap => true,
        };
        if concerned {
            signals.local.notify_one();
        }
    }
}
